"""Tables of accounts. Of tokens only their SHA-256 is kept."""

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String, Table, Text

from core.records import ID, METADATA, TIME

users = Table(
    "users",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", String(128), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("disabled_at", TIME),
)
"""People who can sign in; names are kept in lower case."""

sessions = Table(
    "sessions",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("address", String(64), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("last_used_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False, index=True),
)

setup_tokens = Table(
    "setup_tokens",
    METADATA,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
)
"""At most one row: the token that lets the first user be made."""

sign_in_attempts = Table(
    "sign_in_attempts",
    METADATA,
    Column("subject", String(160), primary_key=True),
    Column("began_at", TIME, nullable=False),
    Column("count", BigInteger, nullable=False),
)
"""Attempts per account ("name:…") and address ("address:…") since `began_at`."""
