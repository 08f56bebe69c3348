"""Tables of companies."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from core.records import ID, METADATA, TIME, byte_ordered

companies = Table(
    "companies",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", String(128), nullable=False),
    Column("folded_name", byte_ordered(128), nullable=False, unique=True),
    Column("category", String(16), nullable=False),
    Column("licence", String(64)),
    Column("contact_person", String(128), nullable=False),
    Column("mail", byte_ordered(254), nullable=False),
    Column("phone", String(32), nullable=False),
    Column("country", String(2), nullable=False),
    Column("region", String(64), nullable=False),
    Column("city", String(64), nullable=False),
    Column("address", String(255), nullable=False),
    Column("post_code", String(16), nullable=False),
    Column("tax_number", String(32), nullable=False),
    Column("primary_user_id", BigInteger),
    Column("state", String(16), nullable=False),
    Column("state_reason", Text, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("ix_companies_licence", "licence", unique=True),
    Index(None, "country", "folded_name"),
    Index(None, "category", "folded_name"),
    Index(None, "state", "folded_name"),
    Index(None, "mail"),
    Index(None, "created_at", "id"),
    Index(None, "changed_at", "id"),
    Index(None, "primary_user_id"),
)
"""`state` is pending, enabled, rejected, disabled or deleted; `licence` is None
while none is bound."""
