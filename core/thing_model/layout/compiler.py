"""Binary layouts compiled to Python source: one Struct and one expression per value.

This is the only place of the project that generates source. `BinaryCodec.source` shows it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen

from core.thing_model.layout.binary import Binary, Placed, keys, walk
from core.thing_model.layout.codec import Trace
from core.thing_model.layout.fields import Repeat, Value
from core.thing_model.layout.raw import read_count, read_raw, to_raw, write_raw
from core.thing_model.layout.writers import Flat, Grouped
from core.thing_model.plausibility import Range
from core.thing_model.problems import EncodeError

Decode = Callable[[bytes], Sequence[Value]]


@frozen(eq=False)
class BinaryCodec:
    """A compiled binary layout; see `Codec`."""

    block: Binary
    keys: tuple[str, ...]
    ranges: Mapping[str, Range]
    source: str
    decode: Decode
    decode_checked: Decode

    def encode(self, values: Mapping[str, Value]) -> bytes:
        block = self.block

        def count_of(placed: Placed) -> int:
            value = values.get(placed.key)
            if value is None and placed.field.absent:
                return 0
            if not isinstance(value, int | float):
                raise EncodeError(placed.key, "is missing, and a group of values depends on it")
            return int(value)

        places = list(walk(block, count_of))
        target = bytearray(self._size(places, values))
        taken = bytearray(len(target))
        for placed in places:
            if placed.end > len(target):
                continue
            value = values.get(placed.key)
            factor = values.get((placed.field.scaled_by or "").format(**placed.indices))
            write_raw(block, placed, to_raw(placed, value, factor), target, taken)
        return bytes(target)

    def _size(self, places: Sequence[Placed], values: Mapping[str, Value]) -> int:
        """The shortest allowed size that still says every value."""
        for size in sorted(self.block.sizes):
            if all(values.get(placed.key) is None for placed in places if placed.end > size):
                return size
        size = max((placed.end for placed in places), default=0)
        return max(self.block.sizes, default=size + size % self.block.width)

    def trace(self, data: bytes) -> dict[str, Trace]:
        self.decode(data)
        traced: dict[str, Trace] = {}

        for placed in walk(self.block, read_count(self.block, data)):
            if placed.end <= len(data):
                raw = read_raw(self.block, placed, data)
                traced[placed.key] = Trace(
                    raw.hex() if isinstance(raw, bytes) else raw, placed.spans
                )
        return traced


def compile_binary(block: Binary, ranges: Mapping[str, Range]) -> BinaryCodec:
    """Compile once at load time; `ranges` are the plausible ranges by datapoint key."""
    names = tuple(keys(block.items))
    grouped = any(isinstance(item, Repeat) for item in block.items)
    writer = Grouped(block, names, ranges) if grouped else Flat(block, names, ranges)
    writer.write()
    text = "\n".join(writer.lines)
    exec(compile(text, "<compiled layout>", "exec"), writer.names)  # noqa: S102  the layout compiler
    functions: dict[str, Any] = writer.names
    return BinaryCodec(block, names, ranges, text, functions["decode"], functions["decode_checked"])
