"""Lists of commands: indexes of what they are found by, newest first."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    for column in ("state", "name", "created_by"):
        op.create_index(f"ix_commands_{column}_id", "commands", [column, "id"])
