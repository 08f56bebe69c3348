"""Plugins that are uploaded."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

SERVING = sa.text("state = 'serving'")


def upgrade() -> None:
    ordered = "C" if op.get_bind().dialect.name == "postgresql" else None
    op.create_table(
        "plugin_uploads",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("name", sa.String(80, collation=ordered), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("tier", sa.String(16), nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("offered_at", sa.BigInteger, nullable=False),
        sa.Column("offered_by", sa.String(128), nullable=False),
        sa.Column("accepted_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
    )
    for column in ("name", "state"):
        op.create_index(f"ix_plugin_uploads_{column}_id", "plugin_uploads", [column, "id"])
    op.create_index(
        "uq_plugin_uploads_serving",
        "plugin_uploads",
        ["name"],
        unique=True,
        sqlite_where=SERVING,
        postgresql_where=SERVING,
    )
