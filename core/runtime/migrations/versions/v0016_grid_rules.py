"""Rules of the grid that are made in the installation, and the network operator of a site."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

INDEXES = ("country", "operator", "kind", "state", "changed_at")


def upgrade() -> None:
    ordered = "C" if op.get_bind().dialect.name == "postgresql" else None
    op.create_table(
        "grid_rules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("operator", sa.String(128, collation=ordered), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("unit", sa.String(8), nullable=False),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("confidence", sa.String(16), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    for column in INDEXES:
        op.create_index(f"ix_grid_rules_{column}_id", "grid_rules", [column, "id"])
    op.add_column(
        "sites",
        sa.Column("network_operator", sa.String(128), nullable=False, server_default=""),
    )
