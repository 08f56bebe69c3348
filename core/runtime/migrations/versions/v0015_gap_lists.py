"""Lists of gaps and of charging records over all systems: indexes of their orders."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_index("ix_gaps_noticed_at_id", "gaps", ["noticed_at", "id"])
    op.create_index("ix_charging_records_started_at_id", "charging_records", ["started_at", "id"])
