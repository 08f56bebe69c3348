"""Instructions: one order for many systems, its approval, and who may actuate a system."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0011"
down_revision = "0010"

NAME = sa.String(32, collation="C").with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "instructions",
        Column("id", sa.String(length=26), nullable=False),
        Column("slot", NAME, nullable=False),
        Column("name", sa.String(length=128), nullable=False),
        Column("parameters", sa.JSON(), nullable=False),
        Column("risk", sa.String(length=16), nullable=False),
        Column("targets", sa.BigInteger(), nullable=False),
        Column("not_before", sa.BigInteger()),
        Column("life", sa.BigInteger(), nullable=False),
        Column("reason", sa.Text(), nullable=False),
        Column("idempotency_key", sa.String(length=64)),
        Column("order_digest", sa.String(length=64), nullable=False),
        Column("digest", sa.String(length=64), nullable=False),
        Column("replaces", sa.String(length=26)),
        Column("created_by_id", sa.BigInteger()),
        Column("created_by", sa.String(length=128), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("approve_until", sa.BigInteger()),
        Column("approved_by_id", sa.BigInteger()),
        Column("approved_by", sa.String(length=128)),
        Column("approved_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_instructions"),
    )
    op.create_index(
        "ix_instructions_created_by_idempotency_key",
        "instructions",
        ["created_by", "idempotency_key"],
        unique=True,
    )
    op.create_index("ix_instructions_name_id", "instructions", ["name", "id"])
    # as SQL, because SQLite takes a reference only together with its column
    op.execute(
        "ALTER TABLE commands ADD COLUMN instruction_id VARCHAR(26) "
        "CONSTRAINT fk_commands_instruction_id REFERENCES instructions (id)"
    )
    op.add_column(
        "commands", Column("not_before", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.add_column(
        "commands", Column("offline", sa.String(16), nullable=False, server_default="queue")
    )
    op.create_index("ix_commands_instruction_id_state", "commands", ["instruction_id", "state"])
    op.create_table(
        "actuation_leases",
        Column("system_id", sa.BigInteger(), nullable=False, autoincrement=False),
        Column("owner", sa.String(length=64), nullable=False),
        Column("purpose", sa.String(length=192), nullable=False),
        Column("taken_at", sa.BigInteger(), nullable=False),
        Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["system_id"], ["systems.id"], name="fk_actuation_leases_system_id"
        ),
        sa.PrimaryKeyConstraint("system_id", name="pk_actuation_leases"),
    )
