"""Days made from roll-ups, and the fleet's sums of them, kept in step by difference.

A site's day is made as `half_hours.day_of` tells it and replaces what was there; what it adds
to its company and to the whole fleet is the difference. So it does not matter how often, or in what
order, days are made. What was approved to be corrected is added here and nowhere else, so that all
who read days read it. The marks (`core.telemetry.stale`) are in days of UTC: a site's day that
begins in one, or overlaps it, is made, and the day after those, which looks back a day.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from attrs import frozen
from sqlalchemy import and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.systems import SystemRecord, model_of
from core.fleet.tables import systems
from core.records import Row, write
from core.registry import Registry, System
from core.telemetry import fleet_hours, stale
from core.telemetry.correcting import Added, corrected, in_force, shares_of
from core.telemetry.half_hours import Day, day_of, packed
from core.telemetry.periods import EPOCH, site_days
from core.telemetry.tables import ENERGIES, days, fleet_days

WHOLE: Final = -1
NOBODYS: Final = 0
MARKS: Final = 100
"""Days of one system in a transaction."""
_LOCKS: Final = 1_684_108_659
"""Class of the advisory locks by system: whoever makes its days."""
Differences = dict[tuple[int, int], list[int]]
"""What is to be added to `fleet_days`, by company and day: whole Wh, and systems."""


@frozen
class Made:
    """How many days were made, and of how many systems the product model is not loaded."""

    days: int
    postponed: int


async def make(
    connection: AsyncConnection, registry: Registry, system_ids: Iterable[int], now: int
) -> Made:
    """Make the days of these systems that are due; those that somebody else is at are left out."""
    differences: Differences = defaultdict(lambda: [0] * (len(ENERGIES) + 1))
    done: dict[stale.StaleDay, int] = {}
    unknown: list[int] = []
    made = 0
    for system_id in sorted(system_ids):
        if not await _lock(connection, system_id):
            continue
        row = (await connection.execute(select(systems).where(systems.c.id == system_id))).one()
        record = SystemRecord(*row)
        if (model := model_of(registry, record)) is None:
            unknown.append(system_id)
            continue
        marks = await stale.marks_of(connection, system_id, now, MARKS)
        added = await in_force(connection, system_id)
        touched = {
            each + timedelta(n)
            for _, utc_day in marks
            for each in site_days(utc_day, record.timezone)
            for n in (0, 1)
        }
        for each in sorted(touched):
            day = await _make(connection, (record, model, added), each, differences)
            await _put_hours(connection, record, each, day, now)
        made += len(touched)
        done |= marks
    await _add(connection, differences)
    await stale.clear(connection, done)
    await stale.postpone(connection, unknown, now)
    return Made(made, len(unknown))


async def make_now(
    connection: AsyncConnection, registry: Registry, record: SystemRecord, wanted: Iterable[date]
) -> bool:
    """Make these days of a system at once; False where its product model is not loaded."""
    if (model := model_of(registry, record)) is None:
        return False
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(_key(record.id))))
    differences: Differences = defaultdict(lambda: [0] * (len(ENERGIES) + 1))
    added = await in_force(connection, record.id)
    for each in sorted(wanted):
        await _make(connection, (record, model, added), each, differences)
    await _add(connection, differences)
    return True


def _key(system_id: int) -> int:
    return (_LOCKS << 32) + system_id


async def _lock(connection: AsyncConnection, system_id: int) -> bool:
    """Whether nobody else makes days of the system before the transaction ends."""
    if connection.dialect.name != "postgresql":
        return True
    key = _key(system_id)
    return bool(
        (await connection.execute(select(func.pg_try_advisory_xact_lock(key)))).scalar_one()
    )


async def _put_hours(
    connection: AsyncConnection, record: SystemRecord, of: date, made: Day, now: int
) -> None:
    """What the system told in each hour of a day that is recent."""
    number = (of - EPOCH).days
    if fleet_hours.is_recent(number, now):
        company_id = record.company_id or NOBODYS
        await fleet_hours.put(connection, record.id, number, company_id, made.hours)


async def _make(
    connection: AsyncConnection,
    whose: tuple[SystemRecord, System, Sequence[Added]],
    of: date,
    differences: Differences,
) -> Day:
    record, model, added = whose
    number = (of - EPOCH).days
    same = and_(days.c.system_id == record.id, days.c.day == number)
    old = (await connection.execute(select(days).where(same))).mappings().one_or_none()
    heard = await day_of(connection, record.id, model, of, record.timezone)
    shares = shares_of(added, of)
    made = corrected(heard, shares)
    if old is not None:
        _count(differences, old, -1)
    if not (made.heard or shares):
        if old is not None:
            await connection.execute(delete(days).where(same))
        return made
    new = _row(record, number, made)
    _count(differences, dict(zip(_COLUMNS, new, strict=True)), 1)
    if old is None or tuple(old[name] for name in _COLUMNS) != new:
        await write(connection, days, _COLUMNS, [new], _REPLACE)
    return made


def _row(record: SystemRecord, number: int, made: Day) -> Row:
    said = (getattr(made.energy, name) for name in ENERGIES)
    company_id, half_hours = record.company_id or NOBODYS, packed(made.half_hours)
    return (record.id, number, company_id, *said, made.heard, made.expected, half_hours)


def _count(differences: Differences, row: Mapping[Any, Any], sign: int) -> None:
    """Add a day of a system to its company's sums and the fleet's, or take it away."""
    for company_id in {row["company_id"], WHOLE}:
        sums = differences[company_id, row["day"]]
        for n, name in enumerate(ENERGIES):
            sums[n] += sign * round(1000 * (row[name] or 0))
        sums[-1] += sign


async def _add(connection: AsyncConnection, differences: Differences) -> None:
    rows = [(*at, *sums) for at, sums in sorted(differences.items()) if any(sums)]
    await write(connection, fleet_days, _SUMS, rows, _ADD)


_COLUMNS: Final = tuple(column.name for column in days.c)
_REPLACE: Final = "ON CONFLICT (system_id, day) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _COLUMNS[2:]
)
_SUMS: Final = tuple(column.name for column in fleet_days.c)
_ADD: Final = "ON CONFLICT (company_id, day) DO UPDATE SET " + ", ".join(
    f"{name} = fleet_days.{name} + excluded.{name}" for name in _SUMS[2:]
)
