"""Repairs that people note, and log records by their time, as the timeline reads them."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    name = sa.String(32, collation="C").with_variant(sa.String(32), "sqlite")
    op.create_table(
        "repairs",
        sa.Column("id", number, primary_key=True),
        sa.Column("system_id", sa.BigInteger, nullable=False),
        sa.Column("slot", name, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("remark", sa.Text, nullable=False),
        sa.Column("noted_by", sa.String(128), nullable=False),
        sa.Column("noted_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["system_id"], ["systems.id"], name="fk_repairs_system_id"),
    )
    op.create_index(
        "ix_repairs_system_id_started_at_id", "repairs", ["system_id", "started_at", "id"]
    )
    for of in (["system_id"], ["system_id", "kind"]):
        before, after = [*of, "id"], [*of, "received_at", "id"]
        op.drop_index(f"ix_log_records_{'_'.join(before)}", "log_records")
        op.create_index(f"ix_log_records_{'_'.join(after)}", "log_records", after)
