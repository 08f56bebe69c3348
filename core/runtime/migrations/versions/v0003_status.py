"""A system's status is kept, its changes are told, and the fleet is counted by triggers."""

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(32, collation="C").with_variant(sa.String(32), "sqlite")
COUNTED: Final = ("normal", "protection", "fault", "offline", "is_new", "is_upgrading")
NAMES: Final = ", ".join(COUNTED)


def upgrade() -> None:
    _add_completeness()
    _add_status()
    _add_changes()
    _add_counts()
    postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in _postgresql() if postgresql else _sqlite():
        op.execute(statement)


def _add_status() -> None:
    op.drop_index("ix_systems_last_frame_at_id", "systems")
    for column in (
        Column("status", sa.String(length=16), nullable=False, server_default="offline"),
        Column("status_since", sa.BigInteger(), nullable=False, server_default="0"),
        Column("silent_at", sa.BigInteger()),
        Column("is_new", sa.Boolean(), nullable=False, server_default=sa.false()),
        Column("new_until", sa.BigInteger()),
        Column("is_upgrading", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("systems", column)
    op.execute("UPDATE systems SET status_since = registered_at")
    op.execute(
        "UPDATE systems SET is_new = true, new_until = first_frame_at + 604800000 "
        "WHERE first_frame_at IS NOT NULL"
    )
    op.create_index("ix_systems_status_sn", "systems", ["status", "sn"])
    for name, where in (("silent_at", "silent_at IS NOT NULL"), ("new_until", "is_new")):
        op.create_index(
            f"ix_systems_{name}",
            "systems",
            [name],
            sqlite_where=sa.text(where.replace("is_new", "is_new = 1")),
            postgresql_where=sa.text(where),
        )


def _add_completeness() -> None:
    op.create_table(
        "starts",
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("boot_id", sa.BigInteger(), nullable=False),
        Column("lowest", sa.BigInteger(), nullable=False),
        Column("highest", sa.BigInteger(), nullable=False),
        Column("first_time", sa.BigInteger(), nullable=False),
        Column("last_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system_id", "boot_id", name="pk_starts"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "gaps",
        Column("id", ID, nullable=False),
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("boot_id", sa.BigInteger(), nullable=False),
        Column("first", sa.BigInteger(), nullable=False),
        Column("last", sa.BigInteger(), nullable=False),
        Column("missing", sa.BigInteger(), nullable=False),
        Column("ranges", sa.Text(), nullable=False),
        Column("after_time", sa.BigInteger()),
        Column("before_time", sa.BigInteger(), nullable=False),
        Column("noticed_at", sa.BigInteger(), nullable=False),
        Column("closed_at", sa.BigInteger()),
        Column("asked", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_gaps"),
    )
    op.create_index("ix_gaps_system_id_id", "gaps", ["system_id", "id"])
    op.create_index(
        "ix_gaps_open",
        "gaps",
        ["system_id", "boot_id"],
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "coverage",
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("day", sa.BigInteger(), nullable=False),
        *(Column(f"h{hour}", sa.BigInteger(), nullable=False) for hour in range(0, 24, 4)),
        sa.PrimaryKeyConstraint("system_id", "day", name="pk_coverage"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "backfill_requests",
        Column("id", sa.String(length=26), nullable=False),
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("boot_id", sa.BigInteger(), nullable=False),
        Column("ranges", sa.JSON(), nullable=False),
        Column("asked", sa.BigInteger(), nullable=False),
        Column("returned", sa.BigInteger(), nullable=False),
        Column("state", sa.String(length=16), nullable=False),
        Column("reason", sa.Text(), nullable=False),
        Column("created_by", sa.String(length=128), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("expires_at", sa.BigInteger(), nullable=False),
        Column("sent_at", sa.BigInteger()),
        Column("answered_at", sa.BigInteger()),
        Column("finished_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_backfill_requests"),
    )
    op.create_index("ix_backfill_requests_system_id_id", "backfill_requests", ["system_id", "id"])
    op.create_index(
        "ix_backfill_requests_unfinished",
        "backfill_requests",
        ["system_id"],
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )


def _add_changes() -> None:
    op.create_table(
        "status_changes",
        Column("id", ID, nullable=False),
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("status", sa.String(length=16), nullable=False),
        Column("before", sa.String(length=16), nullable=False),
        Column("cause", sa.String(length=16), nullable=False),
        Column("slot", NAME, nullable=False),
        Column("code", sa.String(length=128), nullable=False),
        Column("at", sa.BigInteger(), nullable=False),
        Column("device_time", sa.BigInteger()),
        Column("silent_since", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_status_changes"),
        sa.ForeignKeyConstraint(
            ["system_id"], ["systems.id"], name="fk_status_changes_system_id_systems"
        ),
    )
    op.create_index("ix_status_changes_system_id_id", "status_changes", ["system_id", "id"])


def _add_counts() -> None:
    op.create_table(
        "fleet_counts",
        Column("company_id", sa.BigInteger(), nullable=False, autoincrement=False),
        *_columns(),
        sa.PrimaryKeyConstraint("company_id", name="pk_fleet_counts"),
    )
    op.create_table(
        "fleet_deltas",
        Column("id", ID, nullable=False),
        Column("company_id", sa.BigInteger(), nullable=False),
        *_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_fleet_deltas"),
    )
    of_company = _counted("systems", "coalesce(company_id, 0)", "GROUP BY 1")
    op.execute(f"INSERT INTO fleet_counts (company_id, {NAMES}) {of_company}")
    of_all = f"SELECT -1, {', '.join(f'sum({name})' for name in COUNTED)} FROM fleet_counts"  # noqa: S608
    op.execute(f"INSERT INTO fleet_counts (company_id, {NAMES}) {of_all} HAVING count(*) > 0")


def _columns() -> list[Column[int]]:
    return [Column(n, sa.BigInteger(), nullable=False, server_default="0") for n in COUNTED]


def _holds(name: str, row: str = "") -> str:
    """Whether a row has this status or flag."""
    return f"{row}{name}" if name.startswith("is_") else f"{row}status = '{name}'"


def _counted(table: str, company: str, tail: str, sign: str = "") -> str:
    """A SELECT of the counts of these rows."""
    sums = (f"{sign}sum(CASE WHEN {_holds(name)} THEN 1 ELSE 0 END)" for name in COUNTED)
    return f"SELECT {company}, {', '.join(sums)} FROM {table} {tail}"  # noqa: S608


def _postgresql() -> Iterator[str]:
    """Appends to `fleet_deltas`: one row for an INSERT or DELETE of many, one for a changed row."""
    into = f"INSERT INTO fleet_deltas (company_id, {NAMES})"
    for event, rows, sign in (("INSERT", "NEW", ""), ("DELETE", "OLD", "-")):
        name = f"fleet_count_{event.lower()}"
        yield _function(
            name,
            f"{into} {_counted('counted', 'coalesce(company_id, 0)', 'GROUP BY 1', sign)};",
        )
        yield (
            f"CREATE TRIGGER {name} AFTER {event} ON systems REFERENCING {rows} TABLE AS counted "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
    sums = ", ".join(f"sum(n * ({_holds(name)})::int)" for name in COUNTED)
    columns = "company_id, status, is_new, is_upgrading"
    values = ", ".join(
        f"({n}, coalesce({row}.company_id, 0), {row}.status, {row}.is_new, {row}.is_upgrading)"
        for n, row in ((-1, "OLD"), (1, "NEW"))
    )
    yield _function(
        "fleet_count_update",
        f"{into} SELECT company_id, {sums} FROM (VALUES {values}) AS changed (n, {columns}) "  # noqa: S608
        "GROUP BY company_id;",
    )
    old, new = (", ".join(f"{row}.{c}" for c in columns.split(", ")) for row in ("OLD", "NEW"))
    yield (
        f"CREATE TRIGGER fleet_count_update AFTER UPDATE OF {columns} ON systems FOR EACH ROW "
        f"WHEN (({old}) IS DISTINCT FROM ({new})) "
        "EXECUTE FUNCTION fleet_count_update()"
    )


def _function(name: str, body: str) -> str:
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {body} RETURN NULL; END $$"
    )


def _sqlite() -> Iterator[str]:
    """Adds to `fleet_counts` at once, for there is one writer at a time."""
    yield _sqlite_trigger("insert", "INSERT", "", ("NEW",))
    yield _sqlite_trigger("delete", "DELETE", "", ("OLD",))
    watched = ("company_id", "status", "is_new", "is_upgrading")
    differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in watched)
    event = f"UPDATE OF {', '.join(watched)}"
    yield _sqlite_trigger("update", event, f"WHEN {differs}", ("OLD", "NEW"))


def _sqlite_trigger(name: str, event: str, when: str, rows: tuple[str, ...]) -> str:
    upserts = " ".join(
        f"{_upsert(row, company)};"
        for row in rows
        for company in (f"coalesce({row}.company_id, 0)", "-1")
    )
    return (
        f"CREATE TRIGGER fleet_count_{name} AFTER {event} ON systems FOR EACH ROW {when} "
        f"BEGIN {upserts} END"
    )


def _upsert(row: str, company: str) -> str:
    sign = "-" if row == "OLD" else ""
    values = (f"{sign}({_holds(name, f'{row}.')})" for name in COUNTED)
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in COUNTED)
    return (
        f"INSERT INTO fleet_counts (company_id, {NAMES}) VALUES ({company}, {', '.join(values)}) "  # noqa: S608
        f"ON CONFLICT (company_id) DO UPDATE SET {added}"
    )
