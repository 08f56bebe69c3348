"""The table of corrections of days."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, String, Table, Text

from core.records import ID, METADATA, TIME

corrections = Table(
    "corrections",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("figure", String(16), nullable=False),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("wh", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_at", TIME, nullable=False),
    Column("asked_by_id", BigInteger),
    Column("asked_by", String(128), nullable=False),
    Column("decided_at", TIME),
    Column("decided_by", String(128), nullable=False),
    Column("undone_at", TIME),
    Column("undone_by", String(128), nullable=False),
    Index(None, "system_id", "state"),
    Index(None, "asked_at", "id"),
    Index(None, "state", "asked_at", "id"),
    Index(None, "figure", "asked_at", "id"),
)
"""What is added to the days of a system while `state` is active: `wh` over those from `first` to
`last`. What the device said is never changed."""
