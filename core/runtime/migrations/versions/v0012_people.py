"""Lists of companies, users and the audit: indexes of their orders and of what they are found by.

Names and mail are ordered by their bytes on PostgreSQL too, so that beginnings are found by index.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

BY_BYTES = (
    ("companies", "folded_name", 128),
    ("companies", "mail", 254),
    ("users", "name", 128),
    ("audit_entries", "user_name", 128),
    ("audit_entries", "object_id", 128),
)
INDEXES = (
    ("companies", "created_at"),
    ("companies", "changed_at"),
    ("users", "last_sign_in_at"),
    ("users", "roles"),
    ("audit_entries", "user_name"),
    ("audit_entries", "object_id"),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column, length in BY_BYTES:
            op.alter_column(table, column, type_=sa.String(length, collation="C"))
    op.drop_index("ix_users_last_sign_in_at", "users")
    for table, column in INDEXES:
        op.create_index(f"ix_{table}_{column}_id", table, [column, "id"])
