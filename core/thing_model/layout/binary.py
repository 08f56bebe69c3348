"""Binary layouts: register blocks and byte strings, and where each of their values stands."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from attrs import evolve, frozen

from core.thing_model.layout.fields import Field, Repeat
from core.thing_model.problems import EncodeError

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
    *items: Field | Repeat,
    order: Literal["big", "little"] = "big",
    size: int | tuple[int, ...] | None = None,
) -> Binary:
    """A string of bytes; `at` counts bytes from 0. `size` is its exact length, if it has one.

    Several sizes are lengths that devices differ in; fields beyond a shorter one are absent.
    """
    sizes = (size,) if isinstance(size, int) else size or ()
    return Binary(items, order=order, sizes=sizes)


@frozen
class Placed:
    """A field at its bytes in the block: `offsets` has one entry per part, low word first."""

    field: Field
    key: str
    offsets: tuple[int, ...]
    indices: Mapping[str, int]

    @property
    def contiguous(self) -> bool:
        """The value is one run of bytes in the block's own order."""
        return len(self.offsets) == 1 and (self.field.words == "big" or self.field.size <= 2)

    @property
    def spans(self) -> tuple[Span, ...]:
        part = self.field.size // len(self.offsets)
        return tuple((offset, offset + part) for offset in self.offsets)

    @property
    def end(self) -> int:
        return max(self.offsets) + self.field.size // len(self.offsets)


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


def values(
    items: tuple[Field | Repeat, ...], indices: Mapping[str, int] | None = None
) -> Iterator[tuple[str, Field]]:
    """Every key a layout can give and its field, groups unrolled to their limits, in order."""
    for item in items:
        if isinstance(item, Field):
            yield item.key.format(**(indices or {})), item
            continue
        for n in range(1, item.limit + 1):
            yield from values(item.items, {**(indices or {}), item.index: n})


def keys(items: tuple[Field | Repeat, ...]) -> list[str]:
    """All keys a layout can give, groups unrolled to their limits, in declared order."""
    return [key for key, _ in values(items)]


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
