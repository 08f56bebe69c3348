"""Firmware versions, which begin with what systems say of themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0025"

CURRENT = sa.text("until IS NULL")
THERE = """
INSERT INTO firmware_versions (system_id, slot, key, plugin, version, before, since)
SELECT id, '', '', '', firmware, '', changed_at FROM systems WHERE firmware <> ''
"""


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "firmware_versions",
        sa.Column("id", number, primary_key=True),
        sa.Column("system_id", sa.BigInteger, nullable=False),
        sa.Column(
            "slot",
            sa.String(32, collation="C").with_variant(sa.String(32), "sqlite"),
            nullable=False,
        ),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("plugin", sa.String(80), nullable=False),
        sa.Column("version", sa.String(128), nullable=False),
        sa.Column("before", sa.String(128), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.ForeignKeyConstraint(
            ["system_id"], ["systems.id"], name="fk_firmware_versions_system_id"
        ),
    )
    for name, columns, current, unique in (
        ("ix_firmware_versions_system_id_id", ["system_id", "id"], None, False),
        ("uq_firmware_versions_current", ["system_id", "slot", "key"], CURRENT, True),
        (
            "ix_firmware_versions_alike",
            ["plugin", "key", "version", "system_id"],
            CURRENT,
            False,
        ),
    ):
        op.create_index(
            name,
            "firmware_versions",
            columns,
            unique=unique,
            sqlite_where=current,
            postgresql_where=current,
        )
    op.execute(THERE)
