"""The last 24 hours of a fleet: bars that the server draws, and the same as a table."""

from collections.abc import Iterable
from typing import Final

from attrs import frozen
from msgspec import Struct

from core.telemetry.fleet_hours import LAST, FleetHour
from core.telemetry.periods import HOUR
from portal.presentation.bars import Bars, Kind, Place, bars
from portal.presentation.energy import ENERGIES
from portal.presentation.quantities import quantity, sum_of
from portal.presentation.times import Zone, iso
from portal.texts import translated

UNITS: Final = ("kWh", "MWh", "GWh", "TWh")


class HourDocument(Struct, frozen=True):
    """kWh of all systems that told of an hour, which begins at `time` (UTC)."""

    time: str
    generation: float
    consumption: float
    charged: float
    discharged: float
    feed_in: float
    purchase: float
    systems: int


@frozen
class LastDay:
    """The chart in a unit that suits its largest bar, the sums, and the rows of the table."""

    chart: Bars
    unit: str
    sums: list[tuple[Kind, str]]
    rows: list[tuple[str, list[str], int]]


def hour_documents(found: Iterable[FleetHour]) -> list[HourDocument]:
    return [
        HourDocument(
            iso(h.start), h.generation, h.consumption, h.charged, h.discharged, h.feed_in,
            h.purchase, h.systems,
        )
        for h in found
    ]  # fmt: skip


def last_day(found: Iterable[FleetHour], now: int, zone: Zone) -> LastDay | None:
    """24 hours, those that nobody told of too; None where that is all of them."""
    by_start = {each.start: each for each in found}
    if not by_start:
        return None
    most = max(getattr(each, kind.name) for each in by_start.values() for kind in ENERGIES)
    unit = sum_of(most, UNITS).unit
    scale = 1000.0 ** UNITS.index(unit)
    end = now - now % HOUR
    starts = [end - back * HOUR for back in reversed(range(LAST))]
    chart = bars(ENERGIES, [_place(start, by_start.get(start), zone, scale) for start in starts])
    if chart is None:
        return None
    totals = [sum(getattr(h, kind.name) for h in by_start.values()) for kind in ENERGIES]
    sums = [(k, str(sum_of(total, UNITS))) for k, total in zip(ENERGIES, totals, strict=True)]
    rows = [(_clock(h.start, zone), _texts(h), h.systems) for _, h in sorted(by_start.items())]
    return LastDay(chart, unit, sums, rows)


def _place(start: int, hour: FleetHour | None, zone: Zone, scale: float) -> Place:
    clock = _clock(start, zone)
    label = zone.at(start).strftime("%H")
    if hour is None:
        return Place(label, f"{clock}: –", "", (None,) * len(ENERGIES))
    said = zip(ENERGIES, _texts(hour), strict=True)
    words = ", ".join(f"{translated(kind.label)} {text}" for kind, text in said)
    values = tuple(getattr(hour, kind.name) / scale for kind in ENERGIES)
    return Place(label, f"{clock}: {words}", "", values)


def _texts(hour: FleetHour) -> list[str]:
    return [str(quantity(round(getattr(hour, kind.name), 1), "kWh")) for kind in ENERGIES]


def _clock(start: int, zone: Zone) -> str:
    return zone.at(start).strftime("%Y-%m-%d %H:%M")
