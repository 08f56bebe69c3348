"""A frame taken apart into places where single values are read, changed and put back."""

import struct
from collections.abc import Iterator, Sequence

from attrs import evolve, frozen

from core.thing_model.layout.binary import Binary, Placed, fields
from core.thing_model.layout.documents import JsonObject
from core.thing_model.layout.fields import Field, Repeat, Value
from core.thing_model.layout.framing import Framed
from core.thing_model.layout.layouts import Layout
from core.thing_model.layout.raw import read_raw, readings, to_value, write_raw
from core.thing_model.layout.tagged import Tagged
from core.thing_model.problems import DecodeError

Raw = int | float | bytes


@frozen
class Section:
    """A binary block as it lies in a body, from byte `start` on. `tag` is that of its record."""

    block: Binary
    start: int
    data: bytes
    tag: int = 0

    def readings(self) -> Iterator["Reading"]:
        """Every value that is in the block, read plainly one by one."""
        try:
            for placed, raw, factor in readings(self.block, self.data):
                yield Reading(self, placed, raw, factor, to_value(placed, raw, factor))
        except struct.error as error:
            raise DecodeError("frame", len(self.data), str(error)) from None


@frozen
class Reading:
    """One value of a section: its place, raw number, power of ten and meaning.

    `single` numbers have 32 bits, which are fewer than the digits people write.
    """

    section: Section
    placed: Placed
    raw: Raw
    factor: Value
    value: Value

    @property
    def single(self) -> bool:
        return self.placed.field.type == "f32"

    @property
    def whole_bytes(self) -> bool:
        """Whether the value says every bit of its bytes, so that they follow from it.

        Text can be padded in several ways, and a fraction does not hold 64 bits.
        """
        item = self.placed.field
        plain = item.mask is None and item.divide == 1 and item.type != "text"
        exact = not isinstance(self.value, float) or not item.whole or abs(self.value) < 2**50
        return self.value is not None and plain and exact

    def read_as(self, placed: Placed, block: Binary) -> Value:
        """What the same bytes mean under another declaration; DecodeError where they mean none."""
        size = len(self.section.data)
        if min(placed.offsets) < 0 or placed.end > size:
            raise DecodeError(placed.key, size, "lies outside of the block")
        try:
            return to_value(placed, read_raw(block, placed, self.section.data), self.factor)
        except struct.error as error:
            raise DecodeError(placed.key, placed.offsets[0], str(error)) from None


@frozen
class Payload:
    """A frame: its layout, the body inside its framing, and the binary sections of that."""

    layout: Layout
    body: bytes
    sections: tuple[Section, ...]

    @classmethod
    def of(cls, layout: Layout, data: bytes) -> "Payload":
        """Raises DecodeError where the framing refuses the frame."""
        body = layout.framing.unwrap(data) if isinstance(layout, Framed) else data
        return cls(layout, body, tuple(_sections(inner(layout), body)))

    def readings(self) -> Iterator[Reading]:
        for section in self.sections:
            yield from section.readings()

    @property
    def data(self) -> bytes:
        """The frame with its framing again."""
        return self.layout.framing.wrap(self.body) if isinstance(self.layout, Framed) else self.body

    def put(self, changes: Sequence[tuple[Reading, Raw]]) -> "Payload":
        """The same frame with other raw numbers in some places, all other bits as they are."""
        body = bytearray(self.body)
        for reading, raw in changes:
            section = reading.section
            target, taken = bytearray(len(section.data)), bytearray(len(section.data))
            write_raw(section.block, reading.placed, raw, target, taken)
            for n, bits in enumerate(taken, section.start):
                body[n] = body[n] & ~bits | target[n - section.start]
        changed = bytes(body)
        return evolve(self, body=changed, sections=tuple(_sections(inner(self.layout), changed)))


def inner(layout: Layout) -> Binary | JsonObject | Tagged:
    """The layout without its framing."""
    return layout.layout if isinstance(layout, Framed) else layout


def blocks(layout: Layout) -> Iterator[tuple[int, Binary]]:
    """Tag and block of everything binary that a layout declares."""
    body = inner(layout)
    if isinstance(body, Binary):
        yield 0, body
    elif isinstance(body, Tagged):
        yield from body.sections.items()


def repeats(items: tuple[Field | Repeat, ...]) -> Iterator[Repeat]:
    """Every group, those inside groups too."""
    for item in items:
        if isinstance(item, Repeat):
            yield item
            yield from repeats(item.items)


def steering(layout: Layout) -> frozenset[str]:
    """Keys on which other values depend: counts of groups and powers of ten."""
    counts = {group.count for _, block in blocks(layout) for group in repeats(block.items)}
    powers = {item.scaled_by for _, block in blocks(layout) for item in fields(block.items)}
    return frozenset(counts | {key for key in powers if key})


def _sections(layout: Binary | JsonObject | Tagged, body: bytes) -> Iterator[Section]:
    if isinstance(layout, Binary):
        yield Section(layout, 0, body)
    elif isinstance(layout, Tagged):
        places = {
            tag: (start, end) for tag, start, end in layout.records(body) if tag in layout.sections
        }
        for tag, (start, end) in places.items():
            yield Section(layout.sections[tag], start, body[start:end], tag)
