"""What the frames of a span say of chosen datapoints: every value, or their extremes in columns.

A column is a stretch of time that is drawn as wide as a pixel, or told in a line of a table. What
lies between its least and its most value is not seen there, so nothing else of it is kept.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Final

from attrs import define, evolve, field, frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from core.registry import Channel, System
from core.telemetry.curves import Address
from core.telemetry.history import pages_between
from core.telemetry.periods import Span
from core.thing_model.layout.fields import Value

TURN: Final = 50
"""Frames that are decoded before others have their turn in this process."""


@frozen
class Sample:
    """What a frame says, in the order of the points that were asked for; None where nothing."""

    slot: str
    channel: str
    time: int
    values: tuple[Value, ...]


@define
class Column:
    """The first and last time that a value was told in a column, and its extremes."""

    first: int
    last: int
    least: float
    least_at: int
    most: float
    most_at: int

    def add(self, other: "Column") -> None:
        """Hold what the other one holds as well."""
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        if other.least < self.least:
            self.least, self.least_at = other.least, other.least_at
        if other.most > self.most:
            self.most, self.most_at = other.most, other.most_at


@define
class Columns:
    """The columns of a datapoint from `begin` on, by their number; `width` is in milliseconds."""

    begin: int
    width: int
    held: dict[int, Column] = field(factory=dict[int, Column])

    def take(self, time: int, value: float) -> None:
        """Note a value, in any order of time."""
        number = (time - self.begin) // self.width
        if (known := self.held.get(number)) is None:
            self.held[number] = Column(time, time, value, time, value, time)
            return
        if time > known.last:
            known.last = time
        elif time < known.first:
            known.first = time
        if value < known.least:
            known.least, known.least_at = value, time
        elif value > known.most:
            known.most, known.most_at = value, time

    def wider(self, width: int) -> "Columns":
        """The same in columns of a multiple of this width."""
        found = Columns(self.begin, width)
        for number, column in self.held.items():
            wide = number * self.width // width
            if (known := found.held.get(wide)) is None:
                found.held[wide] = evolve(column)
            else:
                known.add(column)
        return found

    def drawn(self, patience: float) -> Iterator[tuple[int, float | None]]:
        """Times and values to draw a line through, None where it breaks: after `patience` ms."""
        last: int | None = None
        for number in sorted(self.held):
            each = self.held[number]
            if last is not None and each.first - last > patience:
                yield (last + each.first) // 2, None
            yield from sorted({(each.least_at, each.least), (each.most_at, each.most)})
            last = each.last


async def samples(
    connection: AsyncConnection,
    system_id: int,
    system: System,
    points: Sequence[Address],
    span: Span,
) -> AsyncIterator[Sample]:
    """Frame by frame, channel after channel; an implausible value is none.

    A frame that the decoder of today cannot read says nothing.
    """
    for slot, part in system.parts.items():
        for channel in part.channels.values():
            places = [_place(channel, key) if at == slot else None for at, key in points]
            if all(place is None for place in places):
                continue
            pages = pages_between(connection, system_id, slot, channel.name, *span)
            async for frames in pages:
                for number, frame in enumerate(frames, 1):
                    if number % TURN == 0:
                        await asyncio.sleep(0)
                    if (said := readable(channel, frame.body)) is None:
                        continue
                    values = tuple([None if place is None else said[place] for place in places])
                    yield Sample(slot, channel.name, frame.device_time, values)


async def columns(  # noqa: PLR0917  whose, what, and when
    connection: AsyncConnection,
    system_id: int,
    system: System,
    points: Sequence[Address],
    span: Span,
    width: int,
) -> Mapping[Address, Columns]:
    """The extremes of numbers in columns of `width` milliseconds."""
    found = [Columns(span[0], width) for _ in points]
    async for sample in samples(connection, system_id, system, points, span):
        for each, value in zip(found, sample.values, strict=True):
            if value is not None and not isinstance(value, str):
                each.take(sample.time, value)
    return dict(zip(points, found, strict=True))


def _place(channel: Channel, key: str) -> int | None:
    return channel.keys.index(key) if key in channel.keys else None


def readable(channel: Channel, body: bytes) -> Sequence[Value] | None:
    """The values of a frame without implausible ones; None where it cannot be read today."""
    try:
        return channel.read(body)[0]
    except Exception:  # noqa: BLE001  as on arrival
        return None
