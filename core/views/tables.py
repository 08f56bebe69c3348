"""Tables of saved views."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from core.records import ID, METADATA, TIME

saved_views = Table(
    "saved_views",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("resource", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("company_id", BigInteger),
    Column("shared", Boolean, nullable=False),
    Column("filters", Text),
    Column("columns", Text),
    Column("sort", Text),
    Column("created_at", TIME, nullable=False),
    UniqueConstraint("user_id", "resource", "name"),
    Index(None, "resource", "company_id", "shared"),
)
"""A part that is NULL leaves what the list has; `shared` with those of the same company."""

default_views = Table(
    "default_views",
    METADATA,
    Column("user_id", BigInteger, nullable=False),
    Column("resource", String(64), nullable=False),
    Column("view_id", BigInteger, ForeignKey("saved_views.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("user_id", "resource"),
)
"""What a list opens with, where its address asks for nothing."""
