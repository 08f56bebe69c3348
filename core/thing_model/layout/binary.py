"""Binary layouts: register blocks and byte strings, and how one value is read and written."""

import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Literal

from attrs import evolve, frozen

from core.thing_model.layout.fields import STRUCT_CODES, Field, Repeat, Value
from core.thing_model.problems import DecodeError, EncodeError

Span = tuple[int, int]
"""First byte and byte after the last, in the payload."""


@frozen
class Binary:
    """A block of bytes. `width` is the bytes per address, `sizes` the allowed lengths in bytes.

    Without `sizes` any length that holds all fields will do. A field beyond a shorter allowed
    length is absent: some firmware answers with fewer registers.
    """

    items: tuple[Field | Repeat, ...]
    start: int = 0
    width: int = 1
    order: Literal["big", "little"] = "big"
    sizes: tuple[int, ...] = ()

    def overridden(self, *fields: Field) -> "Binary":
        """This layout with the fields of the same keys replaced (a variant's corrections)."""
        replaced = {f.key: f for f in fields}
        unknown = replaced.keys() - set(keys(self.items))
        if unknown:
            raise EncodeError(", ".join(sorted(unknown)), "is not in the layout it overrides")
        placed = fix_addresses(self)
        return evolve(self, items=tuple(_replace(item, replaced) for item in placed))


def _replace(item: Field | Repeat, replaced: Mapping[str, Field]) -> Field | Repeat:
    if isinstance(item, Repeat) or item.key not in replaced:
        return item
    new = replaced[item.key]
    return new if new.at else new.changed(at=item.at)


def registers(
    start: int, *items: Field | Repeat, counts: int | tuple[int, ...] | None = None
) -> Binary:
    """A block of 16-bit registers from address `start`, high byte first.

    `counts` is the number of registers read; several numbers where firmware differs, and then
    fields beyond the end are absent. Without it the block ends with its last field.
    """
    block = Binary(items, start, 2)
    if counts is None:
        repeats = any(isinstance(item, Repeat) for item in items)
        return block if repeats else evolve(block, sizes=(static_size(block),))
    given = (counts,) if isinstance(counts, int) else counts
    return evolve(block, sizes=tuple(2 * count for count in given))


def octet_string(
    *items: Field | Repeat, order: Literal["big", "little"] = "big", size: int | None = None
) -> Binary:
    """A string of bytes; `at` counts bytes from 0. `size` is its exact length, if it has one."""
    return Binary(items, order=order, sizes=() if size is None else (size,))


@frozen
class Placed:
    """A field at its bytes in the block: `offsets` has one entry per part, low word first."""

    field: Field
    key: str
    offsets: tuple[int, ...]
    indices: Mapping[str, int]

    @property
    def spans(self) -> tuple[Span, ...]:
        part = self.field.size // len(self.offsets)
        return tuple((offset, offset + part) for offset in self.offsets)

    @property
    def end(self) -> int:
        return max(span[1] for span in self.spans)


def walk(
    block: Binary, count_of: Callable[[Placed], int], indices: Mapping[str, int] | None = None
) -> Iterator[Placed]:
    """Every field at its place, groups unrolled; `count_of` reads the value of a counting field."""
    counts: dict[str, int] = {}
    counting = set(_counting(block.items))

    def visit(
        items: tuple[Field | Repeat, ...], cursor: int, base: int, indices: Mapping[str, int]
    ) -> Iterator[Placed | int]:
        for item in items:
            if isinstance(item, Repeat):
                times = max(0, counts[item.count.format_map(indices)] + item.more)
                for n in range(1, min(times, item.limit) + 1):
                    for placed in visit(item.items, cursor, cursor, {**indices, item.index: n}):
                        if isinstance(placed, int):
                            cursor = placed
                        else:
                            yield placed
                continue
            offsets, cursor = _place(block, item, cursor, base)
            placed = Placed(item, item.key.format_map(indices), offsets, indices)
            if item.key in counting:
                counts[placed.key] = count_of(placed)
            yield placed
        yield cursor

    for placed in visit(block.items, 0, 0, {} if indices is None else indices):
        if isinstance(placed, Placed):
            yield placed


def _place(block: Binary, item: Field, cursor: int, base: int) -> tuple[tuple[int, ...], int]:
    if not item.at:
        offsets: tuple[int, ...] = (cursor,)
    else:
        offsets = tuple((address - block.start) * block.width + base for address in item.at)
    if item.byte == "low":
        offsets = tuple(offset + 1 for offset in offsets)
    part = item.size // len(offsets)
    end = max(offsets) + part
    return offsets, end + (end - base) % block.width


def _counting(items: tuple[Field | Repeat, ...]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Repeat):
            yield item.count
            yield from _counting(item.items)


def keys(items: tuple[Field | Repeat, ...], indices: Mapping[str, int] | None = None) -> list[str]:
    """All keys a layout can give, groups unrolled to their limits, in declared order."""
    found: list[str] = []
    for item in items:
        if isinstance(item, Field):
            found.append(item.key.format(**(indices or {})))
            continue
        for n in range(1, item.limit + 1):
            found += keys(item.items, {**(indices or {}), item.index: n})
    return found


def value_count(items: tuple[Field | Repeat, ...]) -> int:
    """How many values the items can give, groups at their limits."""
    return sum(
        1 if isinstance(item, Field) else item.limit * value_count(item.items) for item in items
    )


def fields(items: tuple[Field | Repeat, ...]) -> Iterator[Field]:
    """Every declared field once, those inside groups too."""
    for item in items:
        if isinstance(item, Field):
            yield item
        else:
            yield from fields(item.items)


def static_size(block: Binary) -> int:
    """Bytes of a block without groups."""
    size = max((placed.end for placed in walk(block, lambda _: 0)), default=0)
    return size + size % block.width


def fix_addresses(block: Binary) -> tuple[Field | Repeat, ...]:
    """The items with every address written out, so that one can be replaced alone."""
    if any(isinstance(item, Repeat) for item in block.items):
        return block.items
    return tuple(
        placed.field
        if placed.field.at
        else placed.field.changed(at=placed.offsets[0] // block.width + block.start)
        for placed in walk(block, lambda _: 0)
    )


def read_raw(block: Binary, placed: Placed, data: bytes) -> int | float | bytes:
    """The raw number (or bytes) of one field, before mask and scale."""
    item, offsets = placed.field, placed.offsets
    if len(offsets) == 1 and item.words == "big":
        part = data[offsets[0] : offsets[0] + item.size]
    else:
        part = b"".join(data[o : o + 2] for o in word_offsets(placed))
    if not item.numeric:
        return bytes(part)
    order = "<" if block.order == "little" else ">"
    raw: int | float = struct.unpack(order + STRUCT_CODES[item.type][0], part)[0]
    return raw


def word_offsets(placed: Placed) -> tuple[int, ...]:
    """The registers of a value that is not one big-endian run, high word first."""
    item, offsets = placed.field, placed.offsets
    if len(offsets) > 1:
        return offsets[::-1]
    words = tuple(range(offsets[0], offsets[0] + item.size, 2))
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
    """A number scaled by the power of ten that another point holds; absent if that is."""
    if factor is None:
        return None
    exponent = int(factor)
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
    if isinstance(value, str):
        raise EncodeError(key, f"{value!r} is text where a number belongs")
    if item.scaled_by is not None:
        scaled = power_of_ten(value, -int(factor or 0))
        return _fitting(item, key, round(scaled or 0) * item.divide)
    if not item.whole:
        return item.linear.raw(value)
    return _fitting(item, key, item.linear.whole_raw(value) * item.divide)


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
    item = placed.field
    if isinstance(raw, bytes):
        part = raw
    else:
        order = "<" if block.order == "little" else ">"
        part = struct.pack(order + STRUCT_CODES[item.type][0], raw)
    mask = ((1 << 8 * item.size) - 1) if item.mask is None else item.mask
    claim = mask.to_bytes(item.size, block.order)
    if len(placed.offsets) == 1 and item.words == "big":
        places = range(placed.offsets[0], placed.offsets[0] + item.size)
    else:
        places = [o + i for o in word_offsets(placed) for i in (0, 1)]  # type: ignore[assignment]
    for place, byte, bits in zip(places, part, claim, strict=True):
        if (target[place] ^ byte) & bits & taken[place]:
            raise EncodeError(placed.key, "contradicts another value in the same bytes")
        target[place] |= byte & bits
        taken[place] |= bits


def _read_text(raw: bytes, key: str, offset: int) -> Value:
    try:
        return raw.split(b"\0", 1)[0].decode("ascii").rstrip() or None
    except UnicodeDecodeError:
        raise DecodeError(key, offset, f"{raw.hex(' ')} is not ASCII text") from None


def _write_text(value: Value, key: str, size: int) -> bytes:
    try:
        raw = ("" if value is None else str(value)).encode("ascii")
    except UnicodeEncodeError:
        raise EncodeError(key, f"{value!r} is not ASCII text") from None
    if len(raw) > size:
        raise EncodeError(key, f"{value!r} is longer than {size} bytes")
    return raw.ljust(size, b"\0")


def _read_clock(raw: bytes, key: str, offset: int) -> Value:
    if not any(raw):
        return None
    try:
        return datetime(2000 + raw[0], *raw[1:]).isoformat()  # noqa: DTZ001  the device's own clock has no zone
    except ValueError as error:
        raise DecodeError(key, offset, f"{raw.hex(' ')} is not a date and time: {error}") from None


def _write_clock(value: Value, key: str, _size: int) -> bytes:
    if value is None:
        return bytes(6)
    try:
        t = datetime.fromisoformat(str(value))
        return bytes((t.year - 2000, t.month, t.day, t.hour, t.minute, t.second))
    except ValueError:
        raise EncodeError(key, f"{value!r} is not an ISO date and time from 2000 on") from None


def _read_octets(raw: bytes, _key: str, _offset: int) -> Value:
    return raw.hex()


def _write_octets(value: Value, key: str, size: int) -> bytes:
    try:
        raw = bytes.fromhex(str(value))
    except ValueError:
        raise EncodeError(key, f"{value!r} is not hex") from None
    if len(raw) != size:
        raise EncodeError(key, f"{value!r} is not {size} bytes of hex")
    return raw


TEXTS: Mapping[
    str, tuple[Callable[[bytes, str, int], Value], Callable[[Value, str, int], bytes]]
] = {
    "text": (_read_text, _write_text),
    "clock": (_read_clock, _write_clock),
    "octets": (_read_octets, _write_octets),
}
