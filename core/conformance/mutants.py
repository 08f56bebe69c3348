"""Mutants: one declaration, wrong in one respect, as a person might have got it wrong.

What cannot be told apart by any frame is not made. A mask takes the sign away, because the masked
bits are never negative. A value scaled by another point has no scale or offset of its own; there
the mutant leaves the other point out of account.
"""

from collections.abc import Iterator
from typing import Literal

from attrs import evolve, frozen

from core.thing_model.fault import Fault
from core.thing_model.layout.binary import Binary, Placed
from core.thing_model.layout.documents import JsonField
from core.thing_model.layout.fields import STRUCT_CODES, Field, WireType
from core.thing_model.layout.paths import Pick, steps, written

SIGNS: dict[str, WireType] = {
    "u8": "i8",
    "i8": "u8",
    "u16": "i16",
    "i16": "u16",
    "u32": "i32",
    "i32": "u32",
    "u64": "i64",
    "i64": "u64",
}
WIDTHS: dict[str, WireType] = {
    "u8": "u16",
    "i8": "i16",
    "u16": "u32",
    "i16": "i32",
    "u24": "u32",
    "u32": "u16",
    "i32": "i16",
    "u64": "u32",
    "i64": "i32",
    "f32": "f64",
    "f64": "f32",
}


@frozen
class Mutant:
    """A wrong declaration of one field: other attributes, `shift` bytes off, or another `order`."""

    name: str
    field: Field
    shift: int = 0
    order: Literal["big", "little"] | None = None
    reverse: bool = False

    def place(self, placed: Placed) -> Placed:
        """Where the mutant looks for the value that stands at `placed`."""
        offsets = tuple(offset + self.shift for offset in placed.offsets)
        if len(offsets) > 1:
            offsets = offsets[: max(1, self.field.size // 2)]
        if self.reverse:
            offsets = offsets[::-1]
        return evolve(placed, field=self.field, offsets=offsets)

    def block(self, block: Binary) -> Binary:
        return evolve(block, order=self.order) if self.order else block


def field_mutants(item: Field, block: Binary) -> Iterator[Mutant]:
    """Every mutant of a field of a binary layout."""
    yield Mutant("address + 1", item, block.width)
    yield Mutant("address - 1", item, -block.width)
    if item.numeric:
        yield from _linear(item)
        yield from _wire(item)
        yield from _order(item, block)
        yield from _bits(item)
    elif item.type != "clock":
        yield Mutant("width - 1", item.changed(size=item.size - 1))


def _linear(item: Field) -> Iterator[Mutant]:
    if item.scaled_by is not None:
        yield Mutant("scale factor left out", item.changed(scaled_by=None))
        return
    yield Mutant("scale × 10", item.changed(scale=item.scale * 10))
    yield Mutant("offset + 1", item.changed(offset=item.offset + item.scale))


def _wire(item: Field) -> Iterator[Mutant]:
    if item.type in SIGNS and item.mask is None:
        yield Mutant(f"sign {SIGNS[item.type]}", item.changed(type=SIGNS[item.type]))
    wide = WIDTHS[item.type]
    if len(item.at) < 2 or STRUCT_CODES[wide][1] < item.size:
        yield Mutant(f"width {wide}", item.changed(type=wide))


def _order(item: Field, block: Binary) -> Iterator[Mutant]:
    if item.byte is not None:
        by = 1 if item.byte == "high" else -1
        yield Mutant("other byte", item, by)
    elif len(item.at) > 1:
        yield Mutant("word order", item, reverse=True)
    elif block.width == 1 and item.size > 1 and item.words == "big":
        other: Literal["big", "little"] = "little" if block.order == "big" else "big"
        yield Mutant("byte order", item, order=other)
    elif item.size > 2:
        words: Literal["big", "little"] = "little" if item.words == "big" else "big"
        yield Mutant("word order", item.changed(words=words))


def _bits(item: Field) -> Iterator[Mutant]:
    if item.mask is not None:
        for name, mask in shifted_masks(item.mask, 8 * item.size):
            yield Mutant(name, item.changed(mask=mask))
    if item.divide != 1:
        yield Mutant("divide × 10", item.changed(divide=item.divide * 10))


def shifted_masks(mask: int, bits: int) -> Iterator[tuple[str, int]]:
    """The mask one bit higher and one lower, as far as there are bits."""
    if mask << 1 < 1 << bits:
        yield "mask up", mask << 1
    if mask & 1 == 0 or mask >> 1:
        yield "mask down", mask >> 1


def json_mutants(item: JsonField) -> Iterator[tuple[str, JsonField]]:
    """Every mutant of a field of a JSON layout, by name."""
    yield "other name", item.changed(paths=(item.paths[0] + "_", *item.paths[1:]))
    yield from _picks(item)
    yield from _factors(item)
    if item.kind in ("number", "whole"):
        yield "scale × 10", item.changed(scale=item.scale * 10)
    if item.kind == "number":
        yield "offset + 1", item.changed(offset=item.offset + item.scale)
    if item.mask is not None:
        for name, mask in shifted_masks(item.mask, 64):
            yield name, item.changed(mask=mask)


def _picks(item: JsonField) -> Iterator[tuple[str, JsonField]]:
    """Conditions of the first path: one left out, and one of the texts of one."""
    path = steps(item.paths[0])
    for at, step in enumerate(path):
        if not isinstance(step, Pick):
            continue
        for number, (name, texts) in enumerate(step.where):
            mutants = {f"without {name}": step.without(number)}
            for text in texts:
                kept = tuple(other for other in texts if other != text) or (f"{text}_",)
                where = (*step.where[:number], (name, kept), *step.where[number + 1 :])
                mutants[f"{name} not {text or 'missing'}"] = evolve(step, where=where)
            for mutant, pick in mutants.items():
                changed = written((*path[:at], pick, *path[at + 1 :]))
                yield mutant, item.changed(paths=(changed, *item.paths[1:]))


def _factors(item: JsonField) -> Iterator[tuple[str, JsonField]]:
    """Further paths of a value that have factors of their own, and the power of ten."""
    for at, factor in enumerate(item.factors):
        factors = (*item.factors[:at], factor * 10, *item.factors[at + 1 :])
        yield f"factor {at + 1} × 10", item.changed(factors=factors)
        if at:
            paths = (*item.paths[:at], item.paths[at] + "_", *item.paths[at + 1 :])
            yield f"other name {at + 1}", item.changed(paths=paths)
    if item.scaled_by:
        yield "power of ten left out", item.changed(scaled_by="")


def fault_mutants(fault: Fault) -> Iterator[tuple[str, Fault]]:
    """Every mutant of a fault, by name."""
    if fault.names is not None:
        yield "other text", evolve(fault, names=fault.names + "_")
        return
    if fault.bit is None:
        yield "number + 1", evolve(fault, equals=(fault.equals or 0) + 1)
        return
    yield "bit + 1", evolve(fault, bit=fault.bit + 1)
    if fault.bit:
        yield "bit - 1", evolve(fault, bit=fault.bit - 1)
