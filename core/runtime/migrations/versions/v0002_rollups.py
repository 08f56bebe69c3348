"""Roll-ups of five minutes and days, the open one in `latest`, and why a value is refused."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0002"
down_revision = "0001"

NAME = sa.String(32, collation="C").with_variant(sa.String(32), "sqlite")


ENERGIES = ("generation", "consumption", "charged", "discharged", "feed_in", "purchase")
CHANGED = (
    "NEW.company_id IS DISTINCT FROM OLD.company_id OR NEW.timezone <> OLD.timezone "
    "OR NEW.product_id <> OLD.product_id OR NEW.product_version <> OLD.product_version"
)
STALE = """
    INSERT INTO stale_days (system_id, utc_day, mark, marked_at)
    SELECT DISTINCT NEW.id, days.day + near.n, 1, 0
    FROM days CROSS JOIN (SELECT -1 AS n UNION ALL SELECT 0 UNION ALL SELECT 1) AS near
    WHERE days.system_id = NEW.id
    ON CONFLICT (system_id, utc_day) DO UPDATE SET mark = stale_days.mark + 1, marked_at = 0;
"""


def upgrade() -> None:
    _five_minutes()
    _days()
    _triggers()


def _five_minutes() -> None:
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


def _energies() -> list[Column[float]]:
    return [Column(name, sa.Double()) for name in ENERGIES]


def _days() -> None:
    op.create_table(
        "days",
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("day", sa.BigInteger(), nullable=False),
        Column("company_id", sa.BigInteger(), nullable=False),
        *_energies(),
        Column("heard", sa.Integer(), nullable=False),
        Column("expected", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("system_id", "day", name="pk_days"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fleet_days",
        Column("company_id", sa.BigInteger(), nullable=False),
        Column("day", sa.BigInteger(), nullable=False),
        *(Column(name, sa.BigInteger(), nullable=False) for name in ENERGIES),
        Column("systems", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "day", name="pk_fleet_days"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "stale_days",
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("utc_day", sa.BigInteger(), nullable=False),
        Column("mark", sa.BigInteger(), nullable=False),
        Column("marked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system_id", "utc_day", name="pk_stale_days"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_stale_days_marked_at", "stale_days", ["marked_at"])


def _triggers() -> None:
    """Whoever changes what the days of a system follow from has them made again."""
    columns = "company_id, timezone, product_id, product_version"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION mark_days() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {STALE} RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER systems_mark_days AFTER UPDATE OF {columns} ON systems "
            f"FOR EACH ROW WHEN ({CHANGED}) EXECUTE FUNCTION mark_days()"
        )
    else:
        op.execute(
            f"CREATE TRIGGER systems_mark_days AFTER UPDATE OF {columns} ON systems "
            f"FOR EACH ROW WHEN {CHANGED.replace('IS DISTINCT FROM', 'IS NOT')} BEGIN {STALE} END"
        )
