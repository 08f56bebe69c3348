"""Tables of accounts. Of tokens and codes only their SHA-256 is kept."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from core.records import ID, METADATA, TIME, byte_ordered

users = Table(
    "users",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", byte_ordered(128), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("user_type", String(1), nullable=False),
    Column("roles", String(128), nullable=False),
    Column("company_id", BigInteger),
    Column("mail", String(254)),
    Column("phone", String(32), nullable=False),
    Column("given_name", String(64), nullable=False),
    Column("family_name", String(64), nullable=False),
    Column("country", String(2), nullable=False),
    Column("language", String(8), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("state_at", TIME, nullable=False),
    Column("last_sign_in_at", TIME),
    Column("totp_secret", LargeBinary),
    Column("totp_confirmed_at", TIME),
    Column("totp_step", BigInteger),
    Column("version", BigInteger, nullable=False),
    Index("ix_users_mail", "mail", unique=True),
    Index(None, "company_id", "id"),
    Index(None, "user_type", "state", "id"),
    Index(None, "state", "id"),
    Index(None, "created_at", "id"),
    Index(None, "country", "id"),
    Index(None, "last_sign_in_at", "id"),
    Index(None, "roles", "id"),
    Index(
        "ix_users_there",
        "last_sign_in_at",
        "company_id",
        sqlite_where=text("state <> 'deleted'"),
        postgresql_where=text("state <> 'deleted'"),
    ),
)
"""People who have an account. Names and mail are kept in lower case, a name for ever.

`roles` are role ids in order with a space between them. `password_hash` is empty while there is no
password. `totp_secret` is sealed; `totp_step` is the time step of the code used last.
"""

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
    Column("client", String(200), nullable=False),
    Column("proved_at", TIME, nullable=False),
)
"""`proved_at` is when a password or code was last asked for and right; `client` the browser."""

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
"""Attempts per account ("name:…", "code:…") and address ("address:…") since `began_at`."""

tickets = Table(
    "tickets",
    METADATA,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("purpose", String(16), nullable=False),
    Column("user_id", BigInteger, ForeignKey("users.id"), index=True),
    Column("data", Text, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False, index=True),
)
"""What is good once: invitations, resets, the second step of signing in, ways through OIDC."""

recovery_codes = Table(
    "recovery_codes",
    METADATA,
    Column("user_id", BigInteger, ForeignKey("users.id"), primary_key=True),
    Column("code_hash", LargeBinary(32), primary_key=True),
)
"""Codes that stand in for a lost second factor; a used one is gone."""

identities = Table(
    "identities",
    METADATA,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", TIME, nullable=False),
)
"""Who a user is to an OpenID provider."""

api_tokens = Table(
    "api_tokens",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("last_used_at", TIME),
)
"""Tokens of machines; `scopes` are grants with a space between them. A revoked one is gone."""
