"""The energy of the last hours, of all that somebody sees, kept in step by difference as days are.

When a day of a system is made, its hours are too, out of the same half hours of the site's clock;
each counts in the hour of UTC in which it begins. What is older than the days of today, yesterday
and tomorrow is not kept by the hour.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from attrs import frozen
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet.counters import WHOLE, summed_company
from core.fleet.scope import visible
from core.fleet.tables import systems
from core.records import write
from core.telemetry.periods import DAY, HOUR
from core.telemetry.tables import ENERGIES, fleet_hours, recent_days

TURNS: Final = 3
LAST: Final = 24
"""Hours that are told, the one that it is now among them."""
Hours = Mapping[int, tuple[int, ...]]
"""Whole Wh of each of ENERGIES, and 1, by the beginning of an hour; 0 where the hour began in the
day before, which counts the system there."""
Differences = dict[tuple[int, int], list[int]]


@frozen
class FleetHour:
    """kWh of an hour of UTC from `start` on, and how many systems told of it."""

    start: int
    generation: float
    consumption: float
    charged: float
    discharged: float
    feed_in: float
    purchase: float
    systems: int


def is_recent(day: int, now: int) -> bool:
    """Whether a site's day (since 1970) is kept by the hour."""
    return abs(day - now // DAY) <= 1


async def put(
    connection: AsyncConnection, system_id: int, day: int, company_id: int, hours: Hours
) -> None:
    """Let these be the hours of a system's day, which is recent."""
    turn = day % TURNS
    same = (recent_days.c.system_id == system_id) & (recent_days.c.turn == turn)
    old = (await connection.execute(select(recent_days).where(same))).one_or_none()
    differences: Differences = defaultdict(lambda: [0] * (len(ENERGIES) + 1))
    if old is not None and old.day == day:
        _count(differences, old.company_id, unpacked(old.hours), -1)
    _count(differences, company_id, hours, 1)
    rows = [(*at, *sums) for at, sums in sorted(differences.items()) if any(sums)]
    await write(connection, fleet_hours, _SUMS, rows, _ADD)
    row = (system_id, turn, day, company_id, packed(hours))
    await write(connection, recent_days, _COLUMNS, [row], _REPLACE)


async def forget(connection: AsyncConnection, now: int) -> None:
    """Let go what is older than anybody asks for."""
    old = (now // DAY - TURNS) * DAY
    await connection.execute(delete(fleet_hours).where(fleet_hours.c.hour < old))


async def last_hours(connection: AsyncConnection, access: Access, now: int) -> list[FleetHour]:
    """The last 24 hours that any system told of, oldest first; needs `systems:read`."""
    access.require("systems:read")
    first = now - now % HOUR - (LAST - 1) * HOUR
    company = summed_company(access)
    if company is None:
        return await _of_few(connection, access, first)
    c = fleet_hours.c
    query = select(c.hour, *(c[name] for name in (*ENERGIES, "systems")))
    query = query.where(c.company_id == company, c.hour >= first, c.hour < first + LAST * HOUR)
    found = await connection.execute(query.order_by(c.hour))
    return [_hour(row) for row in found if row.systems]


async def _of_few(connection: AsyncConnection, access: Access, first: int) -> list[FleetHour]:
    own = select(systems.c.id).where(visible(access))
    query = select(recent_days.c.hours).where(
        recent_days.c.system_id.in_(own), recent_days.c.day >= first // DAY - 1
    )
    sums: Differences = defaultdict(lambda: [0] * (len(ENERGIES) + 1))
    for blob in (await connection.execute(query)).scalars():
        _count(sums, WHOLE, unpacked(blob), 1)
    hours = sorted((hour, told) for (_, hour), told in sums.items())
    return [_hour((hour, *told)) for hour, told in hours if first <= hour < first + LAST * HOUR]


def packed(hours: Hours) -> bytes:
    """Hours as `recent_days` keeps them."""
    return msgspec.msgpack.encode(hours)


def unpacked(blob: bytes) -> Hours:
    """The inverse of `packed`."""
    return _DECODER.decode(blob)


def _count(differences: Differences, company_id: int, hours: Hours, sign: int) -> None:
    for hour, energies in hours.items():
        for company in {company_id, WHOLE}:
            sums = differences[company, hour]
            for n, wh in enumerate(energies):
                sums[n] += sign * wh


def _hour(row: Iterable[Any]) -> FleetHour:
    start, *sums, number = row
    kwh = dict(zip(ENERGIES, (each / 1000 for each in sums), strict=True))
    return FleetHour(start=start, systems=number, **kwh)


_DECODER: Final = msgspec.msgpack.Decoder(dict[int, tuple[int, ...]])
_COLUMNS: Final = tuple(column.name for column in recent_days.c)
_REPLACE: Final = "ON CONFLICT (system_id, turn) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _COLUMNS[2:]
)
_SUMS: Final = tuple(column.name for column in fleet_hours.c)
_ADD: Final = "ON CONFLICT (company_id, hour) DO UPDATE SET " + ", ".join(
    f"{name} = fleet_hours.{name} + excluded.{name}" for name in _SUMS[2:]
)
