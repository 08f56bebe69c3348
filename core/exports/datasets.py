"""Which data can be taken out, as tables: their columns, and the rows of one system and day."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Final, Literal

from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from core.exchange.readings import json_types
from core.exports.moments import site_time
from core.fleet.systems import SystemRecord
from core.records import RequestError
from core.registry import System
from core.telemetry import days
from core.telemetry.curves import Energy, Point, curve, energy_of_hours
from core.telemetry.periods import day
from core.telemetry.samples import samples
from core.telemetry.tables import ENERGIES
from core.thing_model.layout.fields import Value
from core.thing_model.problems import Problem
from core.thing_model.roles import ROLES

Kind = Literal["text", "time", "number", "flag"]
DataRow = tuple[Value, ...]
SystemOf = tuple[SystemRecord, System]
Rows = AsyncIterator[Sequence[DataRow]]
PIECE: Final = 2_000
"""Rows that are held at once where a day may have very many."""


@frozen
class DataColumn:
    """A column: `time` is UTC milliseconds, `number` is in `unit`."""

    name: str
    kind: Kind = "number"
    unit: str = ""

    @property
    def title(self) -> str:
        return f"{self.name} ({self.unit})" if self.unit else self.name


@frozen
class Dataset:
    """A table that follows from what systems said; its rows are made a system and day at a time.

    most_days: that may be asked for at once. chosen: whether datapoints are chosen for it.
    """

    id: str
    most_days: int
    columns: Callable[[Iterable[System], Sequence[str]], tuple[DataColumn, ...]]
    rows: Callable[[AsyncConnection, SystemOf, date, Sequence[str]], Rows]
    chosen: bool = False


# --- what follows from roll-ups -------------------------------------------------------------------

_SYSTEM: Final = (DataColumn("sn", "text"), DataColumn("time", "time"))
_SITE_TIME: Final = DataColumn("site_time", "text")
_ROLES: Final = tuple(
    role for role in ROLES.values() if not role.counter and not role.name.startswith("meter.")
)
"""What five minutes have of the house; a meter's own figure is the grid's, PV's or load's there."""


def _five_minute_columns(_: Iterable[System], __: Sequence[str]) -> tuple[DataColumn, ...]:
    return (*_SYSTEM, _SITE_TIME, *_role_columns())


def _role_columns() -> Iterator[DataColumn]:
    for role in _ROLES:
        yield DataColumn(role.name, unit=role.unit)
        if role.unit == "W":
            yield DataColumn(f"{role.name}.min", unit=role.unit)
            yield DataColumn(f"{role.name}.max", unit=role.unit)


async def _five_minutes(
    connection: AsyncConnection, of: SystemOf, when: date, _: Sequence[str]
) -> Rows:
    record, system = of
    points = await curve(connection, record.id, system, day(when, record.timezone))
    yield [_point_row(record, point) for point in points if point.readings is not None]


def _point_row(record: SystemRecord, point: Point) -> DataRow:
    cells: list[Value] = [record.sn, point.start, site_time(point.start, record.timezone)]
    readings = point.readings or {}
    for role in _ROLES:
        cells.append(readings.get(role.name))
        if role.unit == "W":
            cells += (point.lowest.get(role.name), point.highest.get(role.name))
    return tuple(cells)


def _energy_columns(_: Iterable[System], __: Sequence[str]) -> tuple[DataColumn, ...]:
    return (*_SYSTEM, _SITE_TIME, *(DataColumn(name, unit="kWh") for name in ENERGIES))


async def _hours(connection: AsyncConnection, of: SystemOf, when: date, _: Sequence[str]) -> Rows:
    record, system = of
    found = await energy_of_hours(connection, record.id, system, when, record.timezone)
    yield [
        (record.sn, each.start, site_time(each.start, record.timezone), *_energies(each))
        for each in found
        if any(value is not None for value in _energies(each))
    ]


def _energies(of: Energy) -> tuple[float | None, ...]:
    return tuple(getattr(of, name) for name in ENERGIES)


_DAY_COLUMNS: Final = (
    DataColumn("sn", "text"),
    DataColumn("day", "text"),
    *(DataColumn(name, unit="kWh") for name in ENERGIES),
    DataColumn("renewable_share", unit="%"),
    DataColumn("completeness", unit="%"),
)


async def _days(connection: AsyncConnection, of: SystemOf, when: date, _: Sequence[str]) -> Rows:
    record, _system = of
    yield [
        (
            record.sn,
            each.first.isoformat(),
            *(getattr(each, name) for name in ENERGIES),
            None if each.renewable is None else 100 * each.renewable,
            100 * each.heard / each.expected if each.expected else None,
        )
        for each in await days.system_days(connection, record.id, when, when)
    ]


# --- what frames said -----------------------------------------------------------------------------

_KINDS: Final[dict[str, Kind]] = {
    "string": "text",
    "number": "number",
    "integer": "number",
    "boolean": "flag",
}
_FRAME: Final = (*_SYSTEM, _SITE_TIME, DataColumn("slot", "text"), DataColumn("channel", "text"))


def _reading_columns(systems: Iterable[System], points: Sequence[str]) -> tuple[DataColumn, ...]:
    """One column for each datapoint; raises RequestError where nobody has it, or units differ."""
    meant: dict[str, set[tuple[Kind, str]]] = {point: set() for point in points}
    for system in systems:
        for point in points:
            if (found := _column_at(system, point)) is not None:
                meant[point].add((found.kind, found.unit))
    problems = [problem for point in points for problem in _unclear(point, meant[point])]
    if not points:
        problems.append(Problem("points", "no datapoint is chosen", "choose at least one"))
    if problems:
        raise RequestError(*problems)
    return (*_FRAME, *(DataColumn(point, *next(iter(meant[point]))) for point in points))


def _unclear(point: str, meant: set[tuple[Kind, str]]) -> Iterator[Problem]:
    if not meant:
        yield Problem("points", f"none of the systems has {point!r}", "choose it from the list")
    elif len(meant) > 1:
        what = f"{point!r} is measured in different units by these systems"
        yield Problem("points", what, "ask for the systems of each product model apart")


def _column_at(system: System, point: str) -> DataColumn | None:
    """The column of what a system has at an address, "slot.key"."""
    slot, _, key = point.partition(".")
    part = system.parts.get(slot)
    if part is None or (found := part.datapoints.get(key)) is None:
        return None
    return DataColumn(point, _KINDS[json_types(part).get(key, "number")], found.unit)


async def _readings(
    connection: AsyncConnection, of: SystemOf, when: date, points: Sequence[str]
) -> Rows:
    """Frame by frame, channel after channel; a value that its frame has not is empty."""
    record, system = of
    addresses = [(slot, key) for slot, _, key in (point.partition(".") for point in points)]
    span = day(when, record.timezone)
    piece: list[DataRow] = []
    async for sample in samples(connection, record.id, system, addresses, span):
        at = sample.time
        head = (record.sn, at, site_time(at, record.timezone), sample.slot, sample.channel)
        piece.append((*head, *sample.values))
        if len(piece) == PIECE:
            yield piece
            piece = []
    yield piece


DATASETS: Final = {
    dataset.id: dataset
    for dataset in (
        Dataset("five-minutes", 31, _five_minute_columns, _five_minutes),
        Dataset("energy-details", 31, _energy_columns, _hours),
        Dataset("energy-summary", 366, lambda _, __: _DAY_COLUMNS, _days),
        Dataset("readings", 31, _reading_columns, _readings, chosen=True),
    )
}
