"""What roll-ups say of a system: its curve of a span, and the energy of hours and days.

Roll-ups are kept by slot and datapoint; roles are composed here, on read, by the rules of
`System.house`: the first source that has a value counts, photovoltaics add up, load follows from
the balance. One source counts throughout the span that is asked for: one that is silent for an hour
tells afterwards what it counted, and must not be added to what another one counted meanwhile. It is
the first that counted anything in the span and in the day before it; where none did both, the first
that counted in the span. So one that returns after days has to wait a day: what it tells then was
told by another one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Final

from attrs import frozen
from sqlalchemy import Executable, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from core.registry import System
from core.telemetry.fold import BUCKET, Cell, plan_of
from core.telemetry.periods import HOUR, Span, day, days, hours
from core.telemetry.rollups import closed_of, unpacked
from core.telemetry.tables import latest, rollups
from core.thing_model.layout.fields import Value
from core.thing_model.roles import ROLES

Address = tuple[str, str]
"""Slot and datapoint key."""
Bucket = Mapping[Address, Cell]
"""What one bucket holds."""
Cells = dict[int, dict[Address, Cell]]
"""What the buckets of a span hold, by their start."""

BEFORE: Final = 23 * HOUR
"""How far a look at the day before reaches: no further than the shortest day."""

BALANCE = {
    "generation": ("pv.energy",),
    "consumption": ("load.energy",),
    "charged": ("battery.energy_charged",),
    "discharged": ("battery.energy_discharged",),
    "feed_in": ("grid.energy_exported",),
    "purchase": ("grid.energy_imported",),
}


@frozen
class Point:
    """Five minutes from `start` on; `readings` is None where nothing was heard.

    They are mean powers (W) and last states of charge (%) by role, in the house's sign. `lowest`
    and `highest` are the extremes of each source's power in the five minutes; where several add up,
    so do their extremes, which need not have been at the same time. What only follows from a
    balance has none.
    """

    start: int
    readings: Mapping[str, float] | None
    lowest: Mapping[str, float]
    highest: Mapping[str, float]


@frozen
class Energy:
    """kWh of a span; None is not known. Consumption is the balance where nothing counts it."""

    start: int
    end: int
    generation: float | None
    consumption: float | None
    charged: float | None
    discharged: float | None
    feed_in: float | None
    purchase: float | None


async def curve(
    connection: AsyncConnection, system_id: int, system: System, span: Span
) -> list[Point]:
    """One point for each bucket of the span, gaps included; the open bucket so far too."""
    cells = await cells_of(connection, system_id, system, span)
    return [_point(system, start, cells.get(start)) for start in range(*span, BUCKET)]


async def energy(
    connection: AsyncConnection, system_id: int, system: System, spans: Sequence[Span]
) -> list[Energy]:
    """The energy of each of these spans, which follow each other and begin with a bucket."""
    if not spans:
        return []
    cells = await cells_of(connection, system_id, system, (spans[0][0], spans[-1][1]))
    return await _energies(connection, system_id, system, spans, cells)


async def _energies(
    connection: AsyncConnection,
    system_id: int,
    system: System,
    spans: Sequence[Span],
    cells: Cells,
) -> list[Energy]:
    chosen = await chosen_sources(connection, system_id, system, spans[0][0], cells)
    return [
        energy_of(system, [e for at, e in cells.items() if span[0] <= at < span[1]], span, chosen)
        for span in spans
    ]


async def energy_of_hours(
    connection: AsyncConnection, system_id: int, system: System, of: date, timezone: str
) -> list[Energy]:
    """The hours of a site's day."""
    return await energy(connection, system_id, system, list(hours(of, timezone)))


async def energy_of_days(
    connection: AsyncConnection,
    system_id: int,
    system: System,
    period: tuple[date, date],
    zone: str,
) -> list[Energy]:
    """The days of a period, the last one too, by the site's own midnights."""
    found: list[Energy] = []
    for each in days(*period):
        found += await energy(connection, system_id, system, [day(each, zone)])
    return found


async def cells_of(
    connection: AsyncConnection, system_id: int, system: System, span: Span
) -> Cells:
    """What the buckets of a span hold, also those that are still open."""
    channels = [
        (slot, channel.name)
        for slot, part in system.parts.items()
        for channel in part.channels.values()
        if plan_of(channel).entries
    ]
    cells: Cells = {}
    if not channels:
        return cells
    for _, bucket, slot, blob in sorted(
        await connection.execute(_closed(system_id, channels, span)), key=itemgetter(0)
    ):
        _add(cells, bucket, slot, closed_of(blob).cells)
    opened = select(latest.c.slot, latest.c.channel, latest.c.rolling)
    opened = opened.where(latest.c.system_id == system_id).order_by(latest.c.channel)
    for slot, name, blob in await connection.execute(opened):
        open_, part = unpacked(blob), system.parts.get(slot)
        if open_ is None or part is None or name not in part.channels:
            continue
        plan = plan_of(part.channels[name])
        if open_.plan == plan.number and span[0] <= open_.bucket < span[1]:
            _add(cells, open_.bucket, slot, plan.close(open_).cells)
    return cells


def _closed(system_id: int, channels: Iterable[tuple[str, str]], span: Span) -> Executable:
    """One look into the primary key for each channel: conditions with OR would read all buckets."""
    query = select(rollups.c.channel, rollups.c.bucket, rollups.c.slot, rollups.c.cells)
    query = query.where(rollups.c.system_id == system_id)
    query = query.where(rollups.c.bucket >= span[0], rollups.c.bucket < span[1])
    each = (query.where(rollups.c.slot == s, rollups.c.channel == c) for s, c in channels)
    return union_all(*each)


def _add(cells: Cells, bucket: int, slot: str, found: Mapping[str, Cell]) -> None:
    """Of a key that two channels carry, the later one in their order counts."""
    cells.setdefault(bucket, {}).update({(slot, key): cell for key, cell in found.items()})


def _point(system: System, start: int, cells: Mapping[Address, Cell] | None) -> Point:
    if cells is None:
        return Point(start, None, {}, {})
    mean: dict[Address, Value] = {}
    low: dict[Address, Value] = {}
    high: dict[Address, Value] = {}
    measured: set[str] = set()
    for role, sources in system.roles.items():
        if ROLES[role].counter:
            continue
        for source in sources:
            address = (source.slot, source.key)
            if (cell := cells.get(address)) is None:
                continue
            number, smallest, total, largest, last = cell
            if ROLES[role].unit == "%":
                mean[address] = last
                continue
            measured.add(role)
            mean[address] = total / number
            ends = (smallest, largest) if source.factor > 0 else (largest, smallest)
            low[address], high[address] = ends
    lowest, highest = (
        {role: value for role, value in system.house(ends).items() if role in measured}
        for ends in (low, high)
    )
    return Point(start, system.house(mean), lowest, highest)


def spoken_in(cells: Cells) -> set[Address]:
    """What has a value in any of the buckets."""
    return {address for each in cells.values() for address in each}


def _has_choice(system: System, spoken: Collection[Address]) -> bool:
    """Whether some energy was counted by more than one source."""
    return any(
        sum((source.slot, source.key) in spoken for source in sources) > 1
        for role, sources in system.roles.items()
        if ROLES[role].counter
    )


async def chosen_sources(
    connection: AsyncConnection, system_id: int, system: System, begin: int, cells: Cells
) -> dict[str, set[Address]]:
    """The sources that count for each energy of a span from `begin` on, whose `cells` these are.

    Looks at the day before where more than one source of the same energy spoke.
    """
    spoken, before = spoken_in(cells), set[Address]()
    if _has_choice(system, spoken):
        before = spoken_in(await cells_of(connection, system_id, system, (begin - BEFORE, begin)))
    return _sources(system, spoken, before)


def _sources(
    system: System, spoken: Collection[Address], before: Collection[Address]
) -> dict[str, set[Address]]:
    """The sources that count for each energy: the first that speaks, of each slot it is about.

    Those that spoke in the day `before` too are preferred to others.
    """
    chosen: dict[str, set[Address]] = {}
    for role, sources in system.roles.items():
        if not ROLES[role].counter:
            continue
        heard = [(each.about, (each.slot, each.key)) for each in sources]
        heard = [(about, address) for about, address in heard if address in spoken]
        heard.sort(key=lambda each: each[1] not in before)
        by_slot: dict[str, Address] = {}
        for about, address in heard:
            by_slot.setdefault(about, address)
        first = list(by_slot.values()) if role.startswith("pv.") else list(by_slot.values())[:1]
        chosen[role] = set(first)
    return chosen


def energy_of(
    system: System, cells: Iterable[Bucket], span: Span, chosen: Mapping[str, set[Address]]
) -> Energy:
    """The energy of the buckets of a span, by the sources that count in it."""
    return Energy(*span, *balance(grown(system, cells, chosen)).values())


def balance(sums: Mapping[str, float]) -> dict[str, float | None]:
    """The energies of `BALANCE` out of what the counters of roles grew by."""
    found = {name: _first(sums, roles) for name, roles in BALANCE.items()}
    if found["consumption"] is None:
        found["consumption"] = _consumption(found)
    return found


def grown(
    system: System, cells: Iterable[Bucket], chosen: Mapping[str, set[Address]]
) -> dict[str, float]:
    """What the counters of each role grew by in these buckets (kWh), where any of them spoke."""
    sums: dict[str, float] = {}
    inside = list(cells)
    for role, addresses in chosen.items():
        for source in system.roles[role]:
            address = (source.slot, source.key)
            if address not in addresses:
                continue
            told = [each[address][1] for each in inside if address in each]
            if told:
                sums[role] = sums.get(role, 0) + abs(source.factor) * sum(told)
    return sums


def _first(sums: Mapping[str, float], roles: Iterable[str]) -> float | None:
    return next((sums[role] for role in roles if role in sums), None)


def _consumption(found: Mapping[str, float | None]) -> float | None:
    """What was used, where purchase and feed-in are known; else nobody knows."""
    if found["purchase"] is None or found["feed_in"] is None:
        return None
    came = (found["generation"] or 0) + found["purchase"] + (found["discharged"] or 0)
    return max(0.0, came - found["feed_in"] - (found["charged"] or 0))
