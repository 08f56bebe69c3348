"""Datapoints over time: which there are, of what time one asks, and the curves and lines of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from attrs import frozen
from litestar.exceptions import NotFoundException
from msgspec import Struct

from core.exchange.readings import json_types
from core.records import RequestError
from core.registry import Part
from core.telemetry.curves import Address
from core.telemetry.readings import Reading, Readings
from core.telemetry.samples import Columns
from core.thing_model.datapoint import Datapoint
from core.thing_model.problems import Problem
from portal.presentation.curves import DRAWN, FaultSpan
from portal.presentation.readings import meaning, slot_title
from portal.presentation.times import Zone
from portal.presentation.window import Window
from portal.texts import _

MOST_POINTS: Final = 20
AT_FIRST: Final = 4
"""So many datapoints are drawn where nobody chose any."""
COLUMNS: Final = 1500
"""At most so many columns are drawn: about one for each pixel."""
LINES: Final = 300
"""At most so many lines does a table of a span have."""
PATIENCE: Final = 2.5
"""A curve breaks after so many intervals in which nothing was heard."""


class LatestValue(Struct, frozen=True):
    """The newest value of a datapoint; all but its declaration is null where none was heard."""

    slot: str
    key: str
    label: str
    value: str | float | bool | None
    unit: str
    meaning: str | None
    device_time: int | None
    receive_time: int | None


class TelemetryDocument(Struct, frozen=True):
    """The newest values of all datapoints that a system has."""

    sn: str
    values: list[LatestValue]


class History(Struct, frozen=True):
    """Least and most value of each column, at the time (unix seconds) at which it was told.

    A null is a time in which nothing was heard. What is `stepped` keeps a value until the next.
    """

    point: str
    label: str
    unit: str
    stepped: bool
    time: list[float]
    values: list[float | None]


class HistoryDocument(
    Struct, frozen=True, rename={"begin": "from", "end": "to", "width": "column"}
):
    """Chosen datapoints from a moment to before another, in columns of so many seconds.

    Moments are unix seconds; `zone` is the clock to show them by.
    """

    sn: str
    zone: str
    begin: int
    end: int
    width: int
    series: list[History]
    faults: list[FaultSpan]


@frozen
class Point:
    """A datapoint of a system: what it is, and whether its values can be drawn."""

    slot: str
    datapoint: Datapoint
    reading: Reading | None
    numeric: bool

    @property
    def id(self) -> str:
        return f"{self.slot}.{self.datapoint.key}"

    @property
    def address(self) -> Address:
        return self.slot, self.datapoint.key

    @property
    def name(self) -> str:
        """What people call it, with the component that it is of."""
        return f"{self.datapoint.name}, {slot_title(self.slot)}"

    @property
    def meaning(self) -> str | None:
        return meaning(self.datapoint, self.reading.value) if self.reading else None

    def holds(self, words: Sequence[str]) -> bool:
        """Whether each of these words is in one of its names."""
        names = (self.name, self.id, *self.datapoint.aliases)
        said = " ".join(names).lower()
        return all(word in said for word in words)


def points_of(parts: Mapping[str, Part], readings: Readings) -> list[Point]:
    """All that a system has, in declared order."""
    return [
        Point(
            slot,
            datapoint,
            readings.get((slot, key)),
            key in kinds and kinds[key] != "string",
        )
        for slot, part in parts.items()
        for kinds in (_kinds(part),)
        for key, datapoint in part.datapoints.items()
    ]


def _kinds(part: Part) -> dict[str, str]:
    """The JSON types of what frames hold, and of what is computed of that."""
    computed = {d.key: "number" for c in part.channels.values() for d in c.computed}
    return {**computed, **json_types(part)}


def chosen_of(points: Iterable[Point], ids: Sequence[str]) -> list[Point]:
    """Those of these ids, as they are asked for; where there are none, some that say most.

    Raises NotFoundException for one that the system has not, RequestError for too many.
    """
    if len(ids) > MOST_POINTS:
        many = _("more than %(most)s are chosen", most=MOST_POINTS)
        raise RequestError(Problem("points", many, _("choose fewer")))
    drawn = {point.id: point for point in points if point.numeric}
    if not ids:
        roles = [role.name for role in DRAWN]
        some = [p for p in drawn.values() if p.reading and p.datapoint.role in roles]
        return some[:AT_FIRST]
    for id_ in ids:
        if id_ not in drawn:
            missing = _("The system has no datapoint %(id)s with values to draw.", id=id_)
            raise NotFoundException(missing)
    return [drawn[id_] for id_ in dict.fromkeys(ids)]


def query(points: Iterable[Point], said: Mapping[str, str]) -> str:
    """An address's question for these datapoints."""
    return urlencode([*(("points", point.id) for point in points), *said.items()])


def latest_values(points: Iterable[Point]) -> list[LatestValue]:
    return [
        LatestValue(
            point.slot,
            point.datapoint.key,
            point.datapoint.name,
            reading.value if reading else None,
            point.datapoint.unit,
            point.meaning,
            reading.device_time if reading else None,
            reading.receive_time if reading else None,
        )
        for point in points
        for reading in (point.reading,)
    ]


def histories(
    points: Iterable[Point], found: Mapping[Address, Columns], patience: Mapping[Address, float]
) -> Iterator[History]:
    for point in points:
        drawn = list(found[point.address].drawn(patience[point.address]))
        yield History(
            point.id,
            point.name,
            point.datapoint.unit,
            point.datapoint.enum is not None,
            [time / 1000 for time, _value in drawn],
            [value for _time, value in drawn],
        )


def patience_of(part: Part, key: str, offline_after: int) -> float:
    """After how many milliseconds without a value its curve breaks."""
    carriers = [c for c in part.channels.values() if key in c.keys]
    intervals = [c.decoder.interval for c in carriers]
    known = [PATIENCE * interval for interval in intervals if interval]
    return 1000 * max(known, default=float(offline_after))


def lines_of(
    window: Window, zone: Zone, found: Sequence[Columns]
) -> Iterator[list[str | tuple[float, float] | None]]:
    """When a line begins, and the ends of each datapoint; lines of silence are left out."""
    width = window.width(LINES)
    wide = [each.wider(width) for each in found]
    for number in sorted({number for each in wide for number in each.held}):
        cells = [each.held.get(number) for each in wide]
        ends = [(cell.least, cell.most) if cell else None for cell in cells]
        yield [zone.shown(window.begin + number * width), *ends]
