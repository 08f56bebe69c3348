"""Roll-ups of five minutes, the open one beside the latest readings, and why a value is refused."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0002"
down_revision = "0001"

NAME = sa.String(32, collation="C").with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "rollups",
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("slot", NAME, nullable=False),
        Column("channel", NAME, nullable=False),
        Column("bucket", sa.BigInteger(), nullable=False),
        Column("cells", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("system_id", "slot", "channel", "bucket", name="pk_rollups"),
        sqlite_with_rowid=False,
    )
    op.add_column("latest", Column("rolling", sa.LargeBinary()))
    op.add_column(
        "quarantine", Column("rule", sa.String(8), nullable=False, server_default="range")
    )
    op.create_index(
        "ix_quarantine_system_id_slot_key_device_time",
        "quarantine",
        ["system_id", "slot", "key", "device_time"],
    )
