"""A day's curve as chart.js draws it, and as a table tells it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from core.telemetry.curves import Point
from core.thing_model.roles import ROLES
from portal.presentation.device import FaultDocument
from portal.presentation.times import Zone
from portal.texts import _, translated

DRAWN: Final = tuple(r for r in ROLES.values() if r.unit == "W" or r.name == "battery.soc")
"""What a day's curve shows; a state of health hardly moves within one."""


class Series(Struct, frozen=True):
    """The values of a role in the house's sign, whole watts or tenths of a percent.

    A null is a time in which it was not heard.
    """

    label: str
    unit: str
    role: str
    values: list[float | None]


class FaultSpan(Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """When a fault was present, in unix seconds, within the day."""

    label: str
    severity: str
    begin: int
    end: int


class PowerDocument(Struct, frozen=True):
    """Mean powers of five minutes, from `time` (unix seconds) on, of a day at the site.

    `zone` is the clock to show them by.
    """

    sn: str
    day: str
    zone: str
    time: list[int]
    series: list[Series]
    faults: list[FaultSpan]


def series_of(points: Sequence[Point]) -> list[Series]:
    """The roles that have any value on the day, in the order of the roles."""
    said = {role for point in points for role in point.readings or ()}
    return [
        Series(
            _label(role.name),
            role.unit,
            role.name,
            [_value(point.readings, role.name, 0 if role.unit == "W" else 1) for point in points],
        )
        for role in DRAWN
        if role.name in said
    ]


def spans_of(faults: Iterable[FaultDocument], begin: int, end: int, now: int) -> list[FaultSpan]:
    """When the faults were present between `begin` and `end`, and until `now` at most."""
    last = min(end, max(begin, now))
    return [
        FaultSpan(
            fault.label,
            fault.severity,
            max(fault.opened_at, begin) // 1000,
            min(last if fault.closed_at is None else fault.closed_at, last) // 1000,
        )
        for fault in faults
    ]


def lines_of(document: PowerDocument, zone: Zone) -> Iterator[list[str | float | None]]:
    """A line for each five minutes: when, and the values of the series."""
    for n, second in enumerate(document.time):
        yield [zone.shown(second * 1000), *(each.values[n] for each in document.series)]


def _label(role: str) -> str:
    declared = ROLES[role]
    label = translated(declared.label)
    if not declared.positive:
        return label
    way = translated(declared.positive.capitalize())
    return _("%(label)s (+ %(direction)s)", label=label, direction=way.lower())


def _value(readings: Mapping[str, float] | None, role: str, digits: int) -> float | None:
    value = None if readings is None else readings.get(role)
    if value is None:
        return None
    return round(value, digits) if digits else round(value)
