"""Databases that earlier revisions made are brought up to date with all that they hold."""

from datetime import date
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Boolean,
    Connection,
    Date,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    text,
)
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.runtime.database import Database
from core.runtime.database import database_url as with_driver
from core.runtime.migrations import configuration, upgrade
from core.telemetry.history import frames_between
from core.telemetry.partitions import DAY
from tests.databases import PostgreSQL

REVISIONS = [
    each.revision
    for each in reversed(list(ScriptDirectory.from_config(configuration()).walk_revisions()))
]
EARLIER = REVISIONS[:-1]
TODAY = 1_790_000_000_000
FRAMES = [
    ("inverter", "running", n, time)
    for n, time in enumerate([0, TODAY, TODAY + 1, TODAY - DAY, TODAY + 4000 * DAY])
] + [("grid_meter", "values", -1, TODAY)]
RENAMED = {"jobs": "background_jobs"}
"""What revision 0008 calls otherwise."""
MADE_BY_OTHERS = ("frames_", "systems_sn_parts", "users_name_parts")
"""Partitions, and the trigrams of serial numbers and names, which triggers keep."""
PLUGINS = {"inverter": "inverters.x", "grid_meter": "meters.x"}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    cluster: PostgreSQL = request.getfixturevalue("postgresql")
    return cluster.new_database()


def test_the_newest_revision_is_reached_by_one_way() -> None:
    assert len(ScriptDirectory.from_config(configuration()).get_heads()) == 1
    assert EARLIER


@pytest.mark.parametrize("revision", EARLIER)
async def test_a_database_with_data_is_upgraded(revision: str, empty_url: str) -> None:
    counts = await _made_by(revision, empty_url)
    assert counts["systems"] == counts["users"] == 1
    database = Database(empty_url)
    await database.open()
    async with database.read() as connection:
        for table, count in counts.items():
            kept_in = RENAMED.get(table, table) if revision < "0008" else table
            found = await connection.scalar(text(f"SELECT count(*) FROM {kept_in}"))
            assert found == count, table
        running = [
            each
            async for each in frames_between(
                connection, 1, "inverter", "running", -1, TODAY + 5000 * DAY
            )
        ]
        (meter,) = [
            each
            async for each in frames_between(connection, 1, "grid_meter", "values", 0, 2 * TODAY)
        ]
        parts = await _rows_by_partition(connection) if not database.is_sqlite else {}
    assert [(f.sequence, f.device_time) for f in running] == sorted(
        ((n, time) for _, channel, n, time in FRAMES if channel == "running"),
        key=lambda pair: pair[1],
    )
    assert all(f.body == f"{f.sequence}".encode() for f in running)
    assert (meter.sequence, meter.product_version, meter.plugin) == (2**64 - 1, "1", "meters.x")
    if parts and revision < "0004":
        assert parts == {"frames_default": 2, "frames_20260920": 1, "frames_20260921": 3}
    await database.close()


async def _made_by(revision: str, url: str) -> dict[str, int]:
    """A database of that revision, with rows in each of its tables; how many by table."""
    engine = create_async_engine(with_driver(url))
    async with engine.begin() as connection:
        await connection.run_sync(upgrade, revision)
    counts = await _filled(engine)
    await engine.dispose()
    return counts


async def _filled(engine: AsyncEngine) -> dict[str, int]:
    async with engine.begin() as connection:
        return await connection.run_sync(_fill)


def _fill(connection: Connection) -> dict[str, int]:
    found = MetaData()
    found.reflect(connection)
    counts: dict[str, int] = {}
    for table in found.sorted_tables:
        if table.name == "alembic_version" or table.name.startswith(MADE_BY_OTHERS):
            continue
        rows = _ROWS.get(table.name, lambda table: [_row(table)])(table)
        if rows:
            connection.execute(table.insert(), rows)
            counts[table.name] = len(rows)
    return counts


def _frames(table: Table) -> list[dict[str, Any]]:
    """With the words themselves, as before revision 0004, or with their numbers."""
    return [_fitting(table, *frame) for frame in FRAMES]


def _fitting(table: Table, slot: str, channel: str, n: int, time: int) -> dict[str, Any]:
    number = 1 + list(PLUGINS).index(slot)
    said = {
        "system_id": 1,
        "slot": slot,
        "channel": channel,
        "channel_id": number,
        "sequence": n,
        "device_time": time,
        "receive_time": TODAY,
        "product_version": "1",
        "plugin": PLUGINS[slot],
        "decoder_id": number,
        "body": str(n).encode(),
    }
    return {**_row(table), **{name: said[name] for name in said if name in table.c}}


def _channels(table: Table) -> list[dict[str, Any]]:
    names = dict(frame[:2] for frame in FRAMES)
    return [{"id": 1 + n, "slot": s, "channel": names[s]} for n, s in enumerate(PLUGINS)]


def _decoders(table: Table) -> list[dict[str, Any]]:
    plugins = PLUGINS.values()
    return [{"id": 1 + n, "product_version": "1", "plugin": p} for n, p in enumerate(plugins)]


_ROWS = {
    "frames": _frames,
    "channel_names": _channels,
    "decoder_names": _decoders,
    "frame_chunks": lambda _: [],  # made from frames, by none of these revisions
    "fleet_counts": lambda _: [],  # made by triggers
    "fleet_deltas": lambda _: [],
    "fleet_groups": lambda _: [],
    "fleet_group_deltas": lambda _: [],
}


def _row(table: Table) -> dict[str, Any]:
    """A row of values that fit the columns; what refers to another table refers to its row."""
    return {c.name: _value(c.type, c.name) for c in table.columns}


def _value(type_: Any, name: str) -> Any:
    for kind, value in _VALUES:
        if isinstance(type_, kind):
            return value
    if type_.python_type in (dict, list):
        return {}
    return "x" * min(2, getattr(type_, "length", None) or 2)


_VALUES: tuple[tuple[Any, Any], ...] = (
    (Boolean, True),
    (Integer, 1),
    ((Float, Numeric), 1.5),
    (LargeBinary, b"\0\xff"),
    (Date, date(2026, 9, 20)),
)


async def _rows_by_partition(connection: Any) -> dict[str, int]:
    query = text("SELECT tableoid::regclass::text, count(*) FROM frames GROUP BY 1")
    return {row[0]: row[1] for row in await connection.execute(query)}
