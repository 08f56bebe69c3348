"""Metering points of the Australian grid and their registration; corrections of days."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0024"
down_revision = "0018"

TABLE = "nmi_registrations"
INDEXES = (
    ("nmi",),
    ("state", "changed_at"),
    ("operator", "changed_at"),
    ("created_at",),
    ("changed_at",),
)


CORRECTIONS = (
    ("system_id", "state"),
    ("asked_at", "id"),
    ("state", "asked_at", "id"),
    ("figure", "asked_at", "id"),
)


def upgrade() -> None:
    _registrations()
    _corrections()


def _corrections() -> None:
    op.create_table(
        "corrections",
        Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("figure", sa.String(length=16), nullable=False),
        Column("first", sa.Date(), nullable=False),
        Column("last", sa.Date(), nullable=False),
        Column("wh", sa.BigInteger(), nullable=False),
        Column("state", sa.String(length=16), nullable=False),
        Column("reason", sa.Text(), nullable=False),
        Column("asked_at", sa.BigInteger(), nullable=False),
        Column("asked_by_id", sa.BigInteger()),
        Column("asked_by", sa.String(length=128), nullable=False),
        Column("decided_at", sa.BigInteger()),
        Column("decided_by", sa.String(length=128), nullable=False),
        Column("undone_at", sa.BigInteger()),
        Column("undone_by", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["system_id"], ["systems.id"], name="fk_corrections_system_id_systems"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
    )
    for columns in CORRECTIONS:
        op.create_index(f"ix_corrections_{'_'.join(columns)}", "corrections", list(columns))


def _registrations() -> None:
    op.create_table(
        TABLE,
        Column("system_id", sa.BigInteger(), autoincrement=False, nullable=False),
        Column(
            "nmi",
            sa.String(10, collation="C").with_variant(sa.String(10), "sqlite"),
            nullable=False,
        ),
        Column("operator", sa.String(length=32), nullable=False),
        Column("lfdi", sa.String(length=40), nullable=False),
        Column("state", sa.String(length=16), nullable=False),
        Column("state_at", sa.BigInteger(), nullable=False),
        Column("failure", sa.String(length=500), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("changed_at", sa.BigInteger(), nullable=False),
        Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["system_id"], ["systems.id"], name="fk_nmi_registrations_system_id_systems"
        ),
        sa.PrimaryKeyConstraint("system_id", name="pk_nmi_registrations"),
    )
    for columns in INDEXES:
        name = f"ix_{TABLE}_{'_'.join(columns)}_system_id"
        op.create_index(name, TABLE, [*columns, "system_id"])
