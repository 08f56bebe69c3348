"""The table of the audit. Triggers refuse to change it or to take rows from it."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text

from core.records import METADATA, TIME, byte_ordered

audit_entries = Table(
    "audit_entries",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", TIME, nullable=False),
    Column("user_id", BigInteger),
    Column("user_name", byte_ordered(128), nullable=False),
    Column("address", String(64), nullable=False),
    Column("area", String(32), nullable=False),
    Column("action", String(32), nullable=False),
    Column("object_id", byte_ordered(128), nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("previous", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Index(None, "at", "id"),
    Index(None, "area", "object_id", "id"),
    Index(None, "user_id", "id"),
    Index(None, "user_name", "id"),
    Index(None, "object_id", "id"),
    Index(None, "action", "id"),
)
"""One row per event, numbered from 1 without a gap.

`old` and `new` are canonical JSON objects; `hash` is that of the row and of `previous`, the hash of
the row before it. `user_id` names no row of `users`, so that the audit outlives it.
"""
