"""All kinds of layouts under one name, and how any of them is compiled."""

from collections.abc import Iterator, Mapping

from core.thing_model.layout.binary import Binary, fields, values
from core.thing_model.layout.codec import Codec
from core.thing_model.layout.compiler import compile_binary
from core.thing_model.layout.documents import JsonField, JsonObject, compile_json
from core.thing_model.layout.fields import Field
from core.thing_model.layout.framing import Framed, FramedCodec
from core.thing_model.layout.tagged import Tagged, compile_tagged
from core.thing_model.plausibility import Range

Layout = Binary | JsonObject | Tagged | Framed


def compile_layout(layout: Layout, ranges: Mapping[str, Range] | None = None) -> Codec:
    """The decoder of a layout and its inverse; `ranges` are the plausible ranges by key."""
    ranges = ranges or {}
    if isinstance(layout, Framed):
        return FramedCodec(layout.framing, compile_layout(layout.layout, ranges))
    if isinstance(layout, JsonObject):
        return compile_json(layout, ranges)
    if isinstance(layout, Tagged):
        return compile_tagged(layout, ranges)
    return compile_binary(layout, ranges)


def layout_fields(layout: Layout) -> Iterator[Field | JsonField]:
    """Every field that a layout declares, once each."""
    if isinstance(layout, Framed):
        yield from layout_fields(layout.layout)
    elif isinstance(layout, JsonObject):
        yield from layout.fields
    elif isinstance(layout, Tagged):
        for block in layout.sections.values():
            yield from fields(block.items)
    else:
        yield from fields(layout.items)


def layout_values(layout: Layout) -> Iterator[tuple[str, Field | JsonField]]:
    """Every key that the compiled layout has and its field, in the same order."""
    if isinstance(layout, Framed):
        yield from layout_values(layout.layout)
    elif isinstance(layout, JsonObject):
        yield from ((item.key, item) for item in layout.fields)
    elif isinstance(layout, Tagged):
        for block in layout.sections.values():
            yield from values(block.items)
    else:
        yield from values(layout.items)


def layout_keys(layout: Layout) -> tuple[str, ...]:
    return tuple(key for key, _ in layout_values(layout))
