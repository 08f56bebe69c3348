"""The list of faults over all systems: indexes of its order and of what it is filtered by."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

PRESENT = sa.text("closed_at IS NULL")


def upgrade() -> None:
    op.create_index("ix_faults_opened_at_id", "faults", ["opened_at", "id"])
    for column in ("severity", "slot", "code"):
        op.create_index(f"ix_faults_{column}_opened_at_id", "faults", [column, "opened_at", "id"])
    op.create_index(
        "ix_faults_open_opened_at",
        "faults",
        ["opened_at", "id"],
        sqlite_where=PRESENT,
        postgresql_where=PRESENT,
    )
