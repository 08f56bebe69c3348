"""One value and its bytes: the plain reading and writing that compiled decoders must agree with."""

import math
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction

from core.thing_model.layout.binary import Binary, Placed, Span, walk
from core.thing_model.layout.fields import STRUCT_CODES, Field, Value
from core.thing_model.layout.texts import TEXTS
from core.thing_model.problems import EncodeError

LARGEST_POWER = 10
"""SunSpec has scale factors from -10 to 10; ten to the 32767th would fill pages."""


def read_raw(block: Binary, placed: Placed, data: bytes) -> int | float | bytes:
    """The raw number (or bytes) of one field, before mask and scale."""
    item = placed.field
    part = b"".join(data[start:end] for start, end in _runs(block, placed))
    if not item.numeric:
        return part
    if item.type == "u24":
        return int.from_bytes(part, block.order)
    order = "<" if block.order == "little" else ">"
    raw: int | float = struct.unpack(order + STRUCT_CODES[item.type][0], part)[0]
    return raw


def _runs(block: Binary, placed: Placed) -> tuple[Span, ...]:
    """The bytes of a value in the order in which they make it up, in the block's own order."""
    if placed.contiguous:
        return placed.spans
    words = tuple((offset, offset + 2) for offset in word_offsets(placed))
    return words if block.order == "big" else words[::-1]


def read_count(block: Binary, data: bytes) -> Callable[[Placed], int]:
    """How `walk` learns from the data how many elements of a group follow."""

    def count_of(placed: Placed) -> int:
        value = to_value(placed, read_raw(block, placed, data), None)
        return int(value) if isinstance(value, int | float) else 0

    return count_of


def word_offsets(placed: Placed) -> tuple[int, ...]:
    """The registers of a value that is not one big-endian run, high word first."""
    item, first = placed.field, placed.offsets[0]
    if len(placed.offsets) > 1:
        return placed.offsets[::-1]
    words = tuple(range(first, first + item.size, 2))
    return words[::-1] if item.words == "little" else words


def masked(item: Field, raw: int) -> int:
    if item.mask is not None:
        raw = (raw & item.mask) >> item.shift
    return raw // item.divide if item.divide != 1 else raw


def to_value(placed: Placed, raw: float | bytes, factor: Value) -> Value:
    """What a raw number means; the plain reading that the compiled decoder must agree with."""
    item = placed.field
    if isinstance(raw, bytes):
        return TEXTS[item.type][0](raw, placed.key, placed.offsets[0])
    if raw in item.absent or raw - raw != 0:
        return None
    if item.whole:
        raw = masked(item, int(raw))
    if item.scaled_by is None:
        return item.linear.value(raw)
    return power_of_ten(raw, factor)


def power_of_ten(raw: float, factor: Value) -> float | None:
    """A number scaled by the power of ten in another point; absent where that is, or absurd."""
    if factor is None or abs(exponent := int(factor)) > LARGEST_POWER:
        return None
    power: int = 10 ** abs(exponent)
    return raw / power if exponent < 0 else raw * power


def to_raw(placed: Placed, value: Value, factor: Value) -> int | float | bytes:
    """The raw number that says `value`; an EncodeError where the layout cannot say it."""
    item, key = placed.field, placed.key
    if not item.numeric:
        return TEXTS[item.type][1](value, key, item.size)
    if value is None:
        if item.absent:
            return item.absent[0]
        if item.type[0] == "f":
            return float("nan")
        raise EncodeError(key, "is missing, and the layout has no way to say that it is absent")
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise EncodeError(key, f"{value!r} stands where a number belongs")
    if item.scaled_by is not None:
        exact = Fraction(str(+value)) / Fraction(10) ** int(factor or 0)
        return _fitting(item, key, round(exact) * item.divide)
    if not item.whole:
        return _representable(placed, value)
    return _fitting(item, key, item.linear.whole_raw(value) * item.divide)


def _representable(placed: Placed, value: float) -> float:
    item = placed.field
    try:
        raw = item.linear.raw(value)
        struct.pack(">" + STRUCT_CODES[item.type][0], raw)
    except OverflowError:
        raise EncodeError(placed.key, f"{value:g} does not fit its {item.type}") from None
    return raw


def _fitting(item: Field, key: str, raw: int) -> int:
    low, high = item.bounds
    if not low <= raw // item.divide <= high:
        limits = f"{item.linear.value(low):g} to {item.linear.value(high):g}"
        raise EncodeError(key, f"does not fit its {item.type}: the layout can say {limits}")
    raw <<= item.shift
    if raw in item.absent:
        raise EncodeError(key, f"its raw number {raw:#x} would be read as absent")
    return raw


def write_raw(
    block: Binary, placed: Placed, raw: float | bytes, target: bytearray, taken: bytearray
) -> None:
    """Put one raw number into `target`; `taken` marks the bits that are said already."""
    item, every = placed.field, (1 << 8 * placed.field.size) - 1
    mask = every if item.mask is None or raw in item.absent else item.mask
    claim = mask.to_bytes(item.size, block.order)
    places = (n for run in _runs(block, placed) for n in range(*run))
    for place, byte, bits in zip(places, _packed(block, placed, raw), claim, strict=True):
        if (target[place] ^ byte) & bits & taken[place]:
            raise EncodeError(placed.key, "contradicts another value in the same bytes")
        target[place] |= byte & bits
        taken[place] |= bits


def _packed(block: Binary, placed: Placed, raw: float | bytes) -> bytes:
    item = placed.field
    if isinstance(raw, bytes):
        return raw
    if item.whole:
        every = (1 << 8 * item.size) - 1
        return (int(raw) & every).to_bytes(item.size, block.order)
    order = "<" if block.order == "little" else ">"
    return struct.pack(order + STRUCT_CODES[item.type][0], raw)


def readings(block: Binary, data: bytes) -> Iterator[tuple[Placed, int | float | bytes, Value]]:
    """Every field that is in the data: its place, raw number, and power of ten if it has one.

    The point that holds the power may stand behind the value.
    """
    places = walk(block, read_count(block, data))
    raws = {p.key: (p, read_raw(block, p, data)) for p in places if p.end <= len(data)}
    for placed, raw in raws.values():
        point = raws.get((placed.field.scaled_by or "").format(**placed.indices))
        yield placed, raw, to_value(*point, None) if point else None


def interpret(block: Binary, data: bytes) -> dict[str, Value]:
    """The plain reading of a block, field by field; the compiled decoder must agree with it."""
    return {
        placed.key: to_value(placed, raw, factor) for placed, raw, factor in readings(block, data)
    }
