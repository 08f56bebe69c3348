"""Tariff plans, and the energy of days by half hours of the wall clock."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0009"
down_revision = "0008"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AGAIN = """
    INSERT INTO stale_days (system_id, utc_day, mark, marked_at)
    SELECT system_id, day, 1, 0 FROM days WHERE true
    ON CONFLICT (system_id, utc_day) DO UPDATE SET mark = stale_days.mark + 1, marked_at = 0
"""
"""The worker makes all days anew, so that they have half hours."""


def upgrade() -> None:
    op.create_table(
        "tariff_plans",
        Column("id", ID, nullable=False),
        Column("site_id", sa.BigInteger(), nullable=False),
        Column("name", sa.String(64), nullable=False),
        Column("currency", sa.String(3), nullable=False),
        Column("valid_from", sa.Date(), nullable=False),
        Column("valid_until", sa.Date()),
        Column("bands", sa.Text(), nullable=False),
        Column("weekday", sa.String(48), nullable=False),
        Column("weekend", sa.String(48), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("changed_at", sa.BigInteger(), nullable=False),
        Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tariff_plans"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_tariff_plans_site_id_sites", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "uq_tariff_plans_site_id_valid_from", "tariff_plans", ["site_id", "valid_from"], unique=True
    )
    op.add_column("days", Column("half_hours", sa.LargeBinary()))
    op.execute(AGAIN)
