"""Table of jobs."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from core.records import METADATA, TIME

jobs = Table(
    "jobs",
    METADATA,
    Column("id", String(26), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("resource", String(64), nullable=False),
    Column("title", String(128), nullable=False),
    Column("user_id", BigInteger),
    Column("access", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Column("task", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("cursor", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("finished_at", TIME),
    Column("expires_at", TIME),
    Index(None, "user_id", "id"),
    Index(None, "state", "id"),
    Index(None, "expires_at"),
)
"""`state` is queued, running, done, failed, cancelled or expired; `task` and `access` are JSON.

`cursor` and `size` say how far it got: behind which row, and how many bytes of its file hold.
"""
