"""What is wrong with a declared layout, said before it is compiled."""

from collections import Counter
from collections.abc import Iterator

from attrs import evolve

from core.thing_model.layout.binary import Binary, fields, walk
from core.thing_model.layout.documents import JsonField, JsonObject
from core.thing_model.layout.fields import Field, Repeat
from core.thing_model.layout.framing import Framed
from core.thing_model.layout.layouts import Layout, layout_keys
from core.thing_model.layout.paths import steps
from core.thing_model.layout.tagged import Tagged


def mistakes(layout: Layout) -> Iterator[tuple[str, str]]:
    """Pairs of the key of a value and what cannot be right about it."""
    for key, times in Counter(layout_keys(layout)).items():
        if times > 1:
            yield key, f"is laid out {times} times"
    yield from _misplaced(layout)


def _misplaced(layout: Layout) -> Iterator[tuple[str, str]]:
    if isinstance(layout, Framed):
        yield from _misplaced(layout.layout)
    elif isinstance(layout, Tagged):
        for block in layout.sections.values():
            yield from _misplaced(block)
    elif isinstance(layout, JsonObject):
        for item in layout.fields:
            yield from _unreadable(item)
    else:
        unknown = list(_unknown(layout.items, set()))
        yield from unknown or _outside(layout)
        yield from _absent(layout)


def _unreadable(item: JsonField) -> Iterator[tuple[str, str]]:
    if not item.paths:
        yield item.key, "has no path"
    for path in item.paths:
        try:
            steps(path)
        except ValueError as error:
            yield item.key, str(error)


def _unknown(items: tuple[Field | Repeat, ...], known: set[str]) -> Iterator[tuple[str, str]]:
    """References to values that are not there, or (a count) not yet."""
    scales = known | {item.key for item in items if isinstance(item, Field)}
    for item in items:
        if isinstance(item, Field):
            known.add(item.key)
            if item.scaled_by is not None and item.scaled_by not in scales:
                yield item.key, f"is scaled by {item.scaled_by!r}, which is not in the layout"
        elif item.count not in known:
            yield item.count, "counts a group, but does not stand before it in the layout"
        else:
            yield from _unknown(item.items, set(known))


def _absent(block: Binary) -> Iterator[tuple[str, str]]:
    """Raw numbers that stand for no value, but can never be read: 0x8000 from an i16."""
    for item in fields(block.items):
        if not item.absent:
            continue
        low, high = evolve(item, mask=None, divide=1).bounds
        for raw in item.absent:
            if item.whole and not low <= raw <= high:
                yield item.key, f"is absent at {raw:#x}, which its {item.type} cannot hold"


def _outside(block: Binary) -> Iterator[tuple[str, str]]:
    """Values that no allowed block can hold."""
    size = max(block.sizes, default=None)
    for placed in walk(block, lambda _: 1):
        if min(placed.offsets) < 0:
            yield placed.key, f"lies before the block, which starts at {block.start:#06x}"
        elif size is not None and placed.end > size:
            yield placed.key, f"ends at byte {placed.end}, the block after {size} bytes"
        elif not placed.field.numeric and len(placed.offsets) > 1:
            yield placed.key, f"is {placed.field.type}, which cannot lie at several addresses"
