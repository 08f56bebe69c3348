"""The energy of days, months and years, of a system and of all that somebody sees.

It is read from rows that were made before (`core.telemetry.day_sums`), so that it costs one row a
day. They follow the roll-ups within some minutes.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from attrs import frozen
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet.counters import summed_company
from core.fleet.scope import visible
from core.fleet.tables import systems
from core.telemetry.periods import EPOCH
from core.telemetry.tables import ENERGIES, days, fleet_days


def share_not_bought(consumption: float | None, purchase: float | None) -> float | None:
    """The share (0 to 1) of what was used that was not bought; None where that is not known.

    It is 0 also where more was bought than used, because the battery charged from the grid.
    """
    if not consumption or purchase is None:
        return None
    return max(0.0, 1 - purchase / consumption)


@frozen
class Total:
    """kWh of a time that begins with `first`; None is not known.

    Of its `expected` buckets of five minutes `heard` hold something. A month or year counts the
    days that have anything.
    """

    first: date
    generation: float | None
    consumption: float | None
    charged: float | None
    discharged: float | None
    feed_in: float | None
    purchase: float | None
    heard: int
    expected: int

    @property
    def renewable(self) -> float | None:
        """The share of what was used that was not bought."""
        return share_not_bought(self.consumption, self.purchase)


@frozen
class FleetTotal:
    """kWh of a day of a fleet, and how many systems it is of; what is not known counts nothing."""

    day: date
    generation: float
    consumption: float
    charged: float
    discharged: float
    feed_in: float
    purchase: float
    systems: int


@frozen
class FleetSum:
    """kWh of a fleet, of the days from `first` to `last`; what is not known counts nothing."""

    first: date
    last: date
    generation: float
    consumption: float
    charged: float
    discharged: float
    feed_in: float
    purchase: float

    @property
    def self_sufficiency(self) -> float | None:
        """The share (0 to 1) of the consumption that was not bought; None without any."""
        return share_not_bought(self.consumption, self.purchase)


async def system_days(
    connection: AsyncConnection, system_id: int, first: date, last: date
) -> list[Total]:
    """The days of a period that have anything, by the site's own midnights; the last one too."""
    query = select(days.c.day, *(days.c[name] for name in (*ENERGIES, "heard", "expected")))
    query = query.where(days.c.system_id == system_id, days.c.day.between(*_numbers(first, last)))
    found = await connection.execute(query.order_by(days.c.day))
    return [Total(EPOCH + timedelta(number), *rest) for number, *rest in found]


async def months(
    connection: AsyncConnection, system_id: int, first: date, last: date
) -> list[Total]:
    """The same by months, each from its days within the period."""
    found = await system_days(connection, system_id, first, last)
    return _summed(found, lambda each: each.replace(day=1))


async def years(
    connection: AsyncConnection, system_id: int, first: date, last: date
) -> list[Total]:
    """The same by years."""
    found = await system_days(connection, system_id, first, last)
    return _summed(found, lambda each: each.replace(month=1, day=1))


async def fleet_totals(
    connection: AsyncConnection, access: Access, first: date, last: date
) -> list[FleetTotal]:
    """The days of all systems that somebody sees; needs `systems:read`.

    Those of a company, or of the whole fleet, cost a row a day; those of an end user are few.
    """
    access.require("systems:read")
    period = _numbers(first, last)
    if (company := summed_company(access)) is not None:
        query = select(fleet_days.c.day, *(fleet_days.c[n] for n in (*ENERGIES, "systems")))
        query = query.where(
            fleet_days.c.company_id == company,
            fleet_days.c.day.between(*period),
            fleet_days.c.systems > 0,
        ).order_by(fleet_days.c.day)
        return [_fleet_total(row, 1000) for row in await connection.execute(query)]
    sums = (func.coalesce(func.sum(days.c[name]), 0) for name in ENERGIES)
    own = select(systems.c.id).where(visible(access))
    of_own = select(days.c.day, *sums, func.count()).where(
        days.c.system_id.in_(own), days.c.day.between(*period)
    )
    found = await connection.execute(of_own.group_by(days.c.day).order_by(days.c.day))
    return [_fleet_total(row, 1) for row in found]


async def fleet_sum(
    connection: AsyncConnection, access: Access, first: date, last: date
) -> FleetSum | None:
    """The days of a period added up by the database, None where there is none; as above."""
    access.require("systems:read")
    period = _numbers(first, last)
    company = summed_company(access)
    table = days if company is None else fleet_days
    query = select(
        func.min(table.c.day), func.max(table.c.day), *(func.sum(table.c[n]) for n in ENERGIES)
    ).where(table.c.day.between(*period))
    if company is None:
        query = query.where(days.c.system_id.in_(select(systems.c.id).where(visible(access))))
    else:
        query = query.where(fleet_days.c.company_id == company, fleet_days.c.systems > 0)
    row: Any = (await connection.execute(query)).one()
    begin, end, *sums = row
    if begin is None:
        return None
    unit = 1 if company is None else 1000
    said = {name: float(each or 0) / unit for name, each in zip(ENERGIES, sums, strict=True)}
    return FleetSum(EPOCH + timedelta(begin), EPOCH + timedelta(end), **said)


def _fleet_total(row: Any, unit: int) -> FleetTotal:
    number, *sums, count = row
    said = dict(zip(ENERGIES, (each / unit for each in sums), strict=True))
    return FleetTotal(day=EPOCH + timedelta(number), systems=count, **said)


def _numbers(first: date, last: date) -> tuple[int, int]:
    return (first - EPOCH).days, (last - EPOCH).days


def _summed(found: Iterable[Total], begin: Callable[[date], date]) -> list[Total]:
    groups: dict[date, list[Total]] = {}
    for each in found:
        groups.setdefault(begin(each.first), []).append(each)
    return [_sum(first, group) for first, group in groups.items()]


def _sum(first: date, group: list[Total]) -> Total:
    energies: dict[str, float | None] = {}
    for name in ENERGIES:
        known = [value for each in group if (value := getattr(each, name)) is not None]
        energies[name] = sum(known) if known else None
    heard = sum(each.heard for each in group)
    expected = sum(each.expected for each in group)
    return Total(first=first, heard=heard, expected=expected, **energies)
