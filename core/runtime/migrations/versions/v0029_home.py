"""What Home tells of the fleet is counted by triggers; lists by last communication and by name.

Systems keep what is installed and where they stand, and are counted by company, country and product
model. Energies of the last days are kept by hour. Parts of user names are found by their trigrams.
"""

import logging
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column
from sqlalchemy.exc import DBAPIError

LOGGER = logging.getLogger(__name__)
revision = "0029"
down_revision = "0028"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FIGURES: Final = (
    "pv_installed", "pv_reported", "battery_reported", "inverter_reported", "north", "east",
)  # fmt: skip
KEYS: Final = ("country", "product_id", "product_version")
WATCHED: Final = ("company_id", *KEYS, "status", *FIGURES)
PV: Final = "coalesce({row}pv_installed, {row}pv_reported)"
BATTERY, INVERTER = "{row}battery_reported", "{row}inverter_reported"
COUNTED: Final = {
    **{n: f"CASE WHEN {{row}}status = '{n}' THEN 1 ELSE 0 END" for n in (
        "normal", "protection", "fault", "offline",
    )},
    "pv": f"coalesce({PV}, 0)",
    "pv_known": f"CASE WHEN {PV} IS NULL THEN 0 ELSE 1 END",
    "battery": f"coalesce({BATTERY}, 0)",
    "battery_known": f"CASE WHEN {BATTERY} IS NULL THEN 0 ELSE 1 END",
    "inverter": f"coalesce({INVERTER}, 0)",
    "inverter_known": f"CASE WHEN {INVERTER} IS NULL THEN 0 ELSE 1 END",
    "north": "coalesce({row}north, 0)",
    "east": "coalesce({row}east, 0)",
    "placed": "CASE WHEN {row}north IS NULL THEN 0 ELSE 1 END",
}  # fmt: skip
"""What a system adds to its group."""
GROUP: Final = ", ".join(("company_id", *KEYS))
COLUMNS: Final = ", ".join((GROUP, *COUNTED))
THOUSANDTHS: Final = "CAST(round(1000 * {}) AS BIGINT)"
INSTALLED: Final = (
    "CASE WHEN coalesce({row}pv_at_storage, {row}pv_at_inverter) IS NULL THEN NULL ELSE "
    + THOUSANDTHS.format("(coalesce({row}pv_at_storage, 0) + coalesce({row}pv_at_inverter, 0))")
    + " END"
)
PLACED: Final = tuple(
    f"CASE WHEN latitude IS NULL OR longitude IS NULL THEN NULL ELSE {THOUSANDTHS.format(name)} END"
    for name in ("latitude", "longitude")
)
ENERGIES: Final = ("generation", "consumption", "charged", "discharged", "feed_in", "purchase")
PARTS: Final = "users_name_parts"
ADD: Final = f"INSERT INTO {PARTS} (rowid, name) VALUES (new.id, new.name);"  # noqa: S608
TAKE: Final = f"INSERT INTO {PARTS} ({PARTS}, rowid, name) VALUES ('delete', old.id, old.name);"  # noqa: S608
TOKENS: Final = "content='users', content_rowid='id', tokenize='trigram case_sensitive 1'"
NAMES_SQLITE: Final = (
    f"CREATE VIRTUAL TABLE {PARTS} USING fts5(name, {TOKENS})",
    f"INSERT INTO {PARTS} (rowid, name) SELECT id, name FROM users",  # noqa: S608
    f"CREATE TRIGGER {PARTS}_insert AFTER INSERT ON users BEGIN {ADD} END",
    f"CREATE TRIGGER {PARTS}_delete AFTER DELETE ON users BEGIN {TAKE} END",
    f"CREATE TRIGGER {PARTS}_update AFTER UPDATE OF name ON users BEGIN {TAKE} {ADD} END",
)
NAMES_POSTGRESQL: Final = f"CREATE INDEX ix_{PARTS} ON users USING gin (name gin_trgm_ops)"


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name in FIGURES:
        op.add_column("systems", Column(name, sa.BigInteger()))
    op.execute(_filled())
    order = ["last_frame_at", "sn", "product_id", "country", "firmware"]
    op.create_index(f"ix_systems_{'_'.join(order)}", "systems", order)
    _groups()
    _hours()
    for statement in _postgresql() if postgresql else _sqlite():
        op.execute(statement)
    _users(postgresql=postgresql)


def _filled() -> str:
    """Systems with what their installations and sites say."""
    own = (
        "FROM installations i LEFT JOIN sites s ON s.id = i.site_id WHERE i.system_id = systems.id"
    )
    north, east = PLACED
    return (
        f"UPDATE systems SET pv_installed = (SELECT {INSTALLED.format(row='i.')} {own}), "  # noqa: S608
        f"north = (SELECT {north} {own}), east = (SELECT {east} {own}) "
        "WHERE id IN (SELECT system_id FROM installations)"
    )


def _groups() -> None:
    op.create_table(
        "fleet_groups",
        Column("company_id", sa.BigInteger(), nullable=False, autoincrement=False),
        *_group_columns(),
        sa.PrimaryKeyConstraint("company_id", *KEYS, name="pk_fleet_groups"),
    )
    op.create_table(
        "fleet_group_deltas",
        Column("id", ID, nullable=False),
        Column("company_id", sa.BigInteger(), nullable=False),
        *_group_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_fleet_group_deltas"),
    )
    op.execute(f"INSERT INTO fleet_groups ({COLUMNS}) {_summed('systems')}")
    sums = ", ".join(f"sum({name})" for name in COUNTED)
    op.execute(
        f"INSERT INTO fleet_groups ({COLUMNS}) SELECT -1, {', '.join(KEYS)}, {sums} "  # noqa: S608
        f"FROM fleet_groups GROUP BY {', '.join(KEYS)}"
    )


def _group_columns() -> Iterator[Column[Any]]:
    for name, length in zip(KEYS, (2, 64, 32), strict=True):
        yield Column(name, sa.String(length), nullable=False)
    for name in COUNTED:
        yield Column(name, sa.BigInteger(), nullable=False, server_default="0")


def _hours() -> None:
    op.create_table(
        "recent_days",
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("turn", sa.Integer(), nullable=False),
        Column("day", sa.BigInteger(), nullable=False),
        Column("company_id", sa.BigInteger(), nullable=False),
        Column("hours", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("system_id", "turn", name="pk_recent_days"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fleet_hours",
        Column("company_id", sa.BigInteger(), nullable=False),
        Column("hour", sa.BigInteger(), nullable=False),
        *(Column(name, sa.BigInteger(), nullable=False) for name in ENERGIES),
        Column("systems", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "hour", name="pk_fleet_hours"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_fleet_hours_hour", "fleet_hours", ["hour"])


def _summed(rows: str, sign: str = "", row: str = "") -> str:
    """A SELECT of what these rows add to their groups."""
    sums = (f"sum({sign}({each.format(row=row)}))" for each in COUNTED.values())
    keys = f"coalesce(company_id, 0), {', '.join(KEYS)}"
    return f"SELECT {keys}, {', '.join(sums)} FROM {rows} GROUP BY 1, 2, 3, 4"  # noqa: S608


def _postgresql() -> Iterator[str]:
    """Appends to `fleet_group_deltas`, as `fleet_count_*` do; installations and sites are noted."""
    into = f"INSERT INTO fleet_group_deltas ({COLUMNS})"
    for event, rows, sign in (("INSERT", "NEW", ""), ("DELETE", "OLD", "-")):
        name = f"fleet_group_{event.lower()}"
        yield _function(name, f"{into} {_summed('counted', sign)};")
        yield (
            f"CREATE TRIGGER {name} AFTER {event} ON systems REFERENCING {rows} TABLE AS counted "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
    both = "(SELECT -1 AS n, OLD.* UNION ALL SELECT 1, NEW.*) AS changed"
    yield _function("fleet_group_update", f"{into} {_summed(both, 'n * ')};")
    old, new = (", ".join(f"{row}.{c}" for c in WATCHED) for row in ("OLD", "NEW"))
    yield (
        f"CREATE TRIGGER fleet_group_update AFTER UPDATE OF {', '.join(WATCHED)} ON systems "
        f"FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new})) "
        "EXECUTE FUNCTION fleet_group_update()"
    )
    yield _function("systems_follow_installation", f"{_follow('NEW')};")
    yield _function("systems_leave_installation", f"{_leave()};")
    own = "SELECT system_id FROM installations WHERE site_id = NEW.id"
    locked = f"PERFORM 1 FROM systems WHERE id IN ({own}) ORDER BY id FOR UPDATE;"
    yield _function("systems_follow_site", f"{locked} {_move(own)};")
    for name, event, table in _FOLLOWING:
        yield (
            f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW "
            f"EXECUTE FUNCTION {name.rpartition('_on_')[0]}()"
        )


def _function(name: str, body: str) -> str:
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {body} RETURN NULL; END $$"
    )


def _sqlite() -> Iterator[str]:
    """Adds to `fleet_groups` at once, for there is one writer at a time."""
    differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in WATCHED)
    update = f"UPDATE OF {', '.join(WATCHED)}"
    for name, event, when, rows in (
        ("insert", "INSERT", "", ("NEW",)),
        ("delete", "DELETE", "", ("OLD",)),
        ("update", update, f"WHEN {differs}", ("OLD", "NEW")),
    ):
        upserts = " ".join(
            f"{_upsert(row, company)};"
            for row in rows
            for company in (f"coalesce({row}.company_id, 0)", "-1")
        )
        yield (
            f"CREATE TRIGGER fleet_group_{name} AFTER {event} ON systems FOR EACH ROW {when} "
            f"BEGIN {upserts} END"
        )
    own = "SELECT system_id FROM installations WHERE site_id = NEW.id"
    bodies = {
        "systems_follow_installation": _follow("NEW"),
        "systems_leave_installation": _leave(),
        "systems_follow_site": _move(own),
    }
    for name, event, table in _FOLLOWING:
        body = bodies[name.rpartition("_on_")[0]]
        yield f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW BEGIN {body}; END"


def _upsert(row: str, company: str) -> str:
    sign = "-" if row == "OLD" else ""
    keys = ", ".join(f"{row}.{name}" for name in KEYS)
    values = ", ".join(f"{sign}({each.format(row=f'{row}.')})" for each in COUNTED.values())
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in COUNTED)
    return (
        f"INSERT INTO fleet_groups ({COLUMNS}) VALUES ({company}, {keys}, {values}) "  # noqa: S608
        f"ON CONFLICT ({GROUP}) DO UPDATE SET {added}"
    )


def _follow(row: str) -> str:
    """A system has what its installation says, and stands where its site is."""
    north, east = (
        f"(SELECT {each} FROM sites WHERE sites.id = {row}.site_id)"  # noqa: S608
        for each in PLACED
    )
    return (
        f"UPDATE systems SET pv_installed = {INSTALLED.format(row=f'{row}.')}, "  # noqa: S608
        f"north = {north}, east = {east} WHERE id = {row}.system_id"
    )


def _leave() -> str:
    return (
        "UPDATE systems SET pv_installed = NULL, north = NULL, east = NULL WHERE id = OLD.system_id"
    )


def _move(systems: str) -> str:
    north, east = (
        each.replace("latitude", "NEW.latitude").replace("longitude", "NEW.longitude")
        for each in PLACED
    )
    return f"UPDATE systems SET north = {north}, east = {east} WHERE id IN ({systems})"  # noqa: S608


_FOLLOWING: Final = (
    ("systems_follow_installation_on_insert", "INSERT", "installations"),
    (
        "systems_follow_installation_on_update",
        "UPDATE OF site_id, pv_at_storage, pv_at_inverter",
        "installations",
    ),
    ("systems_leave_installation_on_delete", "DELETE", "installations"),
    ("systems_follow_site_on_update", "UPDATE OF latitude, longitude", "sites"),
)
"""Triggers, by the function that each of them calls."""


def _users(*, postgresql: bool) -> None:
    """Names by their trigrams, and who signed in lately by an index that holds all of it."""
    there = sa.text("state <> 'deleted'")
    op.create_index(
        "ix_users_there",
        "users",
        ["last_sign_in_at", "company_id"],
        sqlite_where=there,
        postgresql_where=there,
    )
    if not postgresql:
        for statement in NAMES_SQLITE:
            op.execute(statement)
        return
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(NAMES_POSTGRESQL)
    except DBAPIError as error:
        LOGGER.warning("parts of user names are searched without an index: %s", error.orig)
