"""What devices sent and never arrived: numbers missing from the sequence of a start.

The usual case is one statement for a batch: the messages follow on those before them. For the
others the start and its open gaps are read, and brought up to date by `sequences`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import (
    ColumnElement,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.tables import systems
from core.records import Row, arrays
from core.telemetry.frames import Mark
from core.telemetry.sequences import HIGHEST, Gap, Range, Start, begin
from core.telemetry.tables import gaps, starts

REORDERED: Final = 60_000
"""A gap that closes within so many milliseconds was messages overtaking each other: forgotten."""
Key = tuple[int, int]
"""System id and boot id."""


@frozen
class GapRecord:
    """Messages of a start that did not come in their turn. See the table `gaps`."""

    id: int
    system_id: int
    boot_id: int
    first: int
    last: int
    missing: int
    ranges: tuple[Range, ...]
    after_time: int | None
    before_time: int
    noticed_at: int
    closed_at: int | None
    asked: int


@frozen
class Incomplete:
    """A system of which messages are missing, and since when by the device's clock."""

    system_id: int
    sn: str
    missing: int
    gaps: int
    since: int | None


async def note(connection: AsyncConnection, marks: Iterable[Mark], now: int) -> None:
    """Take in which messages came."""
    came: dict[Key, dict[int, int]] = {}
    for mark in marks:
        if mark.sequence < HIGHEST:
            numbers = came.setdefault((mark.system_id, mark.boot_id), {})
            numbers[mark.sequence] = mark.device_time
    if came:
        rest = came.keys() - await _follow(connection, came)
        if rest:
            await _take_in(connection, {key: came[key] for key in sorted(rest)}, now)


async def _follow(connection: AsyncConnection, came: Mapping[Key, Mapping[int, int]]) -> set[Key]:
    """Note those that follow on what came before, lock the others, and return whose they are."""
    rows: list[Row] = []
    for key in sorted(came):
        numbers = came[key]
        first, last = min(numbers), max(numbers)
        whole = last - first + 1 == len(numbers)
        rows.append((*key, first if whole else -1, last, numbers[last]))
    if connection.dialect.name == "postgresql":
        found = await connection.exec_driver_sql(_FOLLOW_POSTGRESQL, arrays(rows))
    else:
        found = await connection.exec_driver_sql(_FOLLOW_SQLITE, (json.dumps(rows),))
    keys: Sequence[Any] = found.all()
    return {(system_id, boot_id) for system_id, boot_id in keys}


async def _take_in(
    connection: AsyncConnection, came: Mapping[Key, Mapping[int, int]], now: int
) -> None:
    """Bring up to date what is known of these starts."""
    known = await _read(connection, list(came))
    fresh = {key: begin(sorted(came[key].items())) for key in came if key not in known}
    begun = await _begin(connection, fresh)
    if overtaken := [key for key in fresh if key not in begun]:  # another worker was faster
        known |= await _read(connection, overtaken)
    for key, start in known.items():
        for number, time in sorted(came[key].items()):
            start.take(number, time)
    ends = [dict(zip(_BOUND, (*key, *_ends(start)), strict=True)) for key, start in known.items()]
    if ends:
        await connection.execute(_RENEW, ends)
    await _write(connection, {**{key: fresh[key] for key in begun}, **known}, now)


async def _read(connection: AsyncConnection, keys: Sequence[Key]) -> dict[Key, Start]:
    """What is known of these starts; nobody else changes it before the transaction ends."""
    wanted = tuple_(starts.c.system_id, starts.c.boot_id).in_(keys)
    query = select(starts).where(wanted).order_by(starts.c.system_id, starts.c.boot_id)
    found = {
        (system_id, boot_id): Start(*ends)
        for system_id, boot_id, *ends in await connection.execute(query.with_for_update())
    }
    if found:
        for record in await _records(connection, _is_of(found), gaps.c.closed_at.is_(None)):
            found[record.system_id, record.boot_id].gaps.append(_gap(record))
    return found


async def _begin(connection: AsyncConnection, fresh: Mapping[Key, Start]) -> set[Key]:
    """Keep starts that nothing is known of yet; returns those that another did not keep first."""
    if not fresh:
        return set()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(starts).on_conflict_do_nothing()
    rows: list[dict[str, Any]] = [
        dict(zip(_START, (*key, *_ends(fresh[key])), strict=True)) for key in sorted(fresh)
    ]
    kept = await connection.execute(statement.returning(starts.c.system_id, starts.c.boot_id), rows)
    return {(row.system_id, row.boot_id) for row in kept}


async def _write(connection: AsyncConnection, changed: Mapping[Key, Start], now: int) -> None:
    """Keep the gaps that are new or changed; forget those that closed at once."""
    found = [(key, gap) for key, start in changed.items() for gap in start.gaps]
    new = [_row(key, gap, now) for key, gap in found if gap.id is None and gap.ranges]
    known = [gap for _, gap in found if gap.id is not None and gap.changed]
    over = [gap for gap in known if not gap.ranges and now - gap.noticed_at < REORDERED]
    kept = [gap for gap in known if gap not in over]
    if new:
        await connection.execute(insert(gaps), new)
    if over:
        await connection.execute(delete(gaps).where(gaps.c.id.in_([gap.id for gap in over])))
    if kept:
        rows = [
            {"of": gap.id, "left": gap.missing, "which": json.dumps(gap.ranges),
             "at": None if gap.ranges else now}
            for gap in kept
        ]  # fmt: skip
        await connection.execute(_SHRINK, rows)


async def of_system(
    connection: AsyncConnection, system_id: int, *, is_open: bool | None = None,
    before: int | None = None, limit: int = 50,
) -> list[GapRecord]:  # fmt: skip
    """Gaps of a system, newest first, those with an id below `before`: open, closed or all."""
    conditions: list[ColumnElement[bool]] = [gaps.c.system_id == system_id]
    if is_open is not None:
        conditions.append(gaps.c.closed_at.is_(None) if is_open else gaps.c.closed_at.is_not(None))
    if before is not None:
        conditions.append(gaps.c.id < before)
    return await _records(connection, *conditions, limit=limit)


async def missing_of(connection: AsyncConnection, system_id: int) -> int:
    """How many messages of a system are missing."""
    query = select(func.coalesce(func.sum(gaps.c.missing), 0)).where(
        gaps.c.system_id == system_id, gaps.c.closed_at.is_(None)
    )
    return int((await connection.execute(query)).scalar_one())


async def worst(
    connection: AsyncConnection, company_id: int | None = None, limit: int = 50
) -> list[Incomplete]:
    """The systems of a company, or of the fleet, of which most messages are missing."""
    missing = func.sum(gaps.c.missing).label("missing")
    query = (
        select(systems.c.id, systems.c.sn, missing, func.count(), func.min(gaps.c.after_time))
        .join(systems, systems.c.id == gaps.c.system_id)
        .where(gaps.c.closed_at.is_(None))
        .group_by(systems.c.id, systems.c.sn)
        .order_by(missing.desc(), systems.c.sn)
        .limit(limit)
    )
    if company_id is not None:
        query = query.where(systems.c.company_id == company_id)
    found = await connection.execute(query)
    return [Incomplete(id_, sn, int(n), many, since) for id_, sn, n, many, since in found]


async def _records(
    connection: AsyncConnection, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[GapRecord]:
    query = select(gaps).where(*conditions).order_by(gaps.c.id.desc()).limit(limit)
    return [_record(row) for row in await connection.execute(query)]


def _record(row: Any) -> GapRecord:
    ranges = tuple((first, last) for first, last in json.loads(row.ranges))
    columns: dict[str, Any] = dict(zip(gaps.c.keys(), row, strict=True))
    columns["ranges"] = ranges
    return GapRecord(**columns)


def _gap(record: GapRecord) -> Gap:
    times = (record.after_time, record.before_time)
    ranges = list(record.ranges)
    return Gap(record.first, record.last, ranges, *times, record.id, record.noticed_at)


def _row(key: Key, gap: Gap, now: int) -> dict[str, Any]:
    return {
        "system_id": key[0],
        "boot_id": key[1],
        "first": gap.first,
        "last": gap.last,
        "missing": gap.missing,
        "ranges": json.dumps(gap.ranges),
        "after_time": gap.after_time,
        "before_time": gap.before_time,
        "noticed_at": now,
    }


def _is_of(keys: Iterable[Key]) -> ColumnElement[bool]:
    return tuple_(gaps.c.system_id, gaps.c.boot_id).in_(list(keys))


def _ends(start: Start) -> Row:
    return start.lowest, start.highest, start.first_time, start.last_time


_START: Final = ("system_id", "boot_id", "lowest", "highest", "first_time", "last_time")
_BOUND: Final = tuple(f"new_{name}" for name in _START)
_RENEW: Final = (
    update(starts)
    .where(
        starts.c.system_id == bindparam("new_system_id"),
        starts.c.boot_id == bindparam("new_boot_id"),
    )
    .values({name: bindparam(f"new_{name}") for name in _START[2:]})
)
_SHRINK: Final = (
    update(gaps)
    .where(gaps.c.id == bindparam("of"))
    .values(missing=bindparam("left"), ranges=bindparam("which"), closed_at=bindparam("at"))
)
_FOLLOW_POSTGRESQL: Final = (
    "UPDATE starts SET highest = came.last, last_time = came.time FROM ("
    "SELECT starts.system_id, starts.boot_id, wanted.first, wanted.last, wanted.time "
    "FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) "
    "AS wanted (system_id, boot_id, first, last, time) JOIN starts USING (system_id, boot_id) "
    "ORDER BY system_id, boot_id FOR UPDATE OF starts) AS came "
    "WHERE starts.system_id = came.system_id AND starts.boot_id = came.boot_id "
    "AND starts.highest = came.first - 1 RETURNING starts.system_id, starts.boot_id"
)
_FOLLOW_SQLITE: Final = (
    "UPDATE starts SET highest = wanted.value ->> 3, last_time = wanted.value ->> 4 "
    "FROM json_each(?) AS wanted WHERE starts.system_id = wanted.value ->> 0 "
    "AND starts.boot_id = wanted.value ->> 1 AND starts.highest = (wanted.value ->> 2) - 1 "
    "RETURNING starts.system_id, starts.boot_id"
)
