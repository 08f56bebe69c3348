"""Charging: records of transactions, and what chargers were told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0007"
down_revision = "0005"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SN = sa.String(24, collation="C").with_variant(sa.String(24), "sqlite")


def upgrade() -> None:
    op.create_table(
        "charging_records",
        Column("id", ID, nullable=False),
        Column("sn", SN, nullable=False),
        Column("identity", sa.String(length=160), nullable=False),
        Column("connector", sa.BigInteger(), nullable=False),
        Column("started_at", sa.BigInteger()),
        Column("ended_at", sa.BigInteger()),
        Column("meter_start", sa.BigInteger()),
        Column("meter_stop", sa.BigInteger()),
        Column("started_by", sa.String(length=36), nullable=False),
        Column("stopped_by", sa.String(length=36), nullable=False),
        Column("reason", sa.String(length=32), nullable=False),
        Column("noted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_charging_records"),
        sa.UniqueConstraint("sn", "identity", name="uq_charging_records_sn_identity"),
    )
    op.create_index(
        "ix_charging_records_sn_connector_id", "charging_records", ["sn", "connector", "id"]
    )
    op.create_table(
        "charger_calls",
        Column("id", sa.String(length=26), nullable=False),
        Column("sn", SN, nullable=False),
        Column("at", sa.BigInteger(), nullable=False),
        Column("status", sa.String(length=16), nullable=False),
        Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_charger_calls"),
    )
