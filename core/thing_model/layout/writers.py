"""Writes the Python source of a block's decoder; see `compiler`."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from math import ceil, floor
from typing import Any

from attrs import define, field

from core.thing_model.layout.binary import Binary, Placed, value_count, walk
from core.thing_model.layout.codec import Range, implausible, outside
from core.thing_model.layout.fields import STRUCT_CODES, Field, Repeat, Value
from core.thing_model.layout.misfits import too_long, too_many, wrong_size
from core.thing_model.layout.raw import interpret, power_of_ten, read_raw, word_offsets
from core.thing_model.layout.texts import TEXTS
from core.thing_model.problems import DecodeError


@define
class Writer:
    """Collects the lines of a decoder and the objects that they name."""

    block: Binary
    keys: tuple[str, ...]
    ranges: Mapping[str, Range]
    lines: list[str] = field(factory=list[str])
    names: dict[str, Any] = field(factory=dict[str, Any])
    serial: Iterator[int] = field(factory=count)

    def name(self, stem: str, value: Any) -> str:
        name = f"{stem}{next(self.serial)}"
        self.names[name] = value
        return name

    def unpack(self, placed: Sequence[Placed]) -> tuple[list[tuple[str, struct.Struct]], list[str]]:
        """The Structs that read these fields (as few as overlaps allow), and each raw expression.

        Returns pairs of a target tuple in source and its Struct, and one expression per field.
        """
        layers: list[dict[int, tuple[str, str]]] = []
        expressions = [self._raw(p, layers) for p in placed]
        order = "<" if self.block.order == "little" else ">"
        return [(_targets(layer), _struct(order, layer)) for layer in layers], expressions

    def _raw(self, placed: Placed, layers: list[dict[int, tuple[str, str]]]) -> str:
        item = placed.field
        if placed.contiguous:
            code = STRUCT_CODES[item.type][0] if item.numeric else f"{item.size}s"
            return self._item(placed.offsets[0], code, layers)
        words = [self._item(o, "H", layers) for o in word_offsets(placed)]
        if not item.whole:
            pack = self.name("pack", struct.Struct(f">{len(words)}H").pack)
            unpack = self.name("unpack", struct.Struct(">" + STRUCT_CODES[item.type][0]).unpack)
            return f"{unpack}({pack}({', '.join(words)}))[0]"
        shifted = [f"{w} << {16 * n}" if n else w for n, w in enumerate(reversed(words))]
        joined = f"({' | '.join(shifted)})"
        if item.type[0] != "i":
            return joined
        top = 1 << 8 * item.size - 1
        return f"(({joined} ^ {top:#x}) - {top:#x})"

    def _item(self, offset: int, code: str, layers: list[dict[int, tuple[str, str]]]) -> str:
        """The variable that holds `code` read at `offset`, in the first layer without overlap."""
        size = struct.calcsize(f">{code}")
        for layer in layers:
            known = layer.get(offset)
            if known and known[0] == code:
                return known[1]
            if not any(
                o < offset + size and offset < o + struct.calcsize(f">{c}")
                for o, (c, _) in layer.items()
            ):
                break
        else:
            layers.append(layer := {})
        taken = {name for other in layers for _, name in other.values()}
        name = f"at{offset}" if f"at{offset}" not in taken else f"at{offset}_{code}"
        layer[offset] = (code, name)
        return name

    def value(self, placed: Placed, raw: str, at: str, factor: str | None) -> str:
        """The expression of a field's value from the expression of its raw number."""
        item = placed.field
        if not item.numeric:
            read = self.name("read_", TEXTS[item.type][0])
            return f"{read}({raw}, {placed.key!r}, {at})"
        plain = raw
        if item.mask is not None:
            plain = f"({raw} & {item.mask:#x})" + (f" >> {item.shift}" if item.shift else "")
            plain = f"({plain})"
        if item.divide != 1:
            plain = f"({plain} // {item.divide})"
        if factor is None:
            value = item.linear.source(plain)
        else:
            scale = self.name("scale", power_of_ten)
            value = f"{scale}({plain}, {factor})"
        absent = [f"{raw} == {n}" for n in item.absent]
        if not item.whole:
            absent.append(f"{raw} - {raw}")  # true for not-a-number and the infinities only
        return f"None if {' or '.join(absent)} else {value}" if absent else value

    def fails(self, block: Binary, size: int | None) -> str:
        return self.name("wrong_size", partial(wrong_size, block, size))


@define
class Flat(Writer):
    """A block without groups: every value has one place, so one tuple expression does."""

    def write(self) -> None:
        sizes = self.block.sizes or (None,)
        for suffix in ("", "_checked"):
            branches = [self._function(size, suffix) for size in sizes]
            if len(branches) == 1:
                self.lines += [f"decode{suffix} = {branches[0]}", ""]
                continue
            by_size = ", ".join(f"{s}: {b}" for s, b in zip(sizes, branches, strict=True))
            self.lines += [
                f"by_size{suffix} = {{{by_size}}}",
                f"def decode{suffix}(data):",
                f"    return by_size{suffix}.get(len(data), {branches[-1]})(data)",
                "",
            ]

    def _function(self, size: int | None, suffix: str) -> str:
        places = list(walk(self.block, lambda _: 0))
        inside = [p for p in places if size is None or p.end <= size]
        structs, raws = self.unpack(inside)
        name = f"decode{suffix}_{next(self.serial)}"
        self.lines += [f"def {name}(data):", "    try:"]
        for targets, reader in structs:
            read = reader.unpack_from if size is None else _padded(reader, size).unpack
            unpack = self.name("unpack", read)
            self.lines.append(f"        {targets} = {unpack}(data)")
        if not structs:
            self.lines.append("        pass")
        self.names["StructError"] = struct.error
        self.lines += [
            "    except StructError:",
            f"        raise {self.fails(self.block, size)}(data) from None",
        ]
        self._values(inside, raws, len(places), suffix)
        return name

    def _values(
        self, inside: Sequence[Placed], raws: Sequence[str], total: int, suffix: str
    ) -> None:
        factors = {p.key: raw for p, raw in zip(inside, raws, strict=True)}
        absent = {p.key: p.field.absent for p in inside}
        values: list[str] = []
        for placed, raw in zip(inside, raws, strict=True):
            by = placed.field.scaled_by
            factor = None if by is None else _factor(factors[by], absent[by])
            values.append(self.value(placed, raw, str(placed.offsets[0]), factor))
        if suffix:
            self._check(inside, raws, values)
        # a layout may place fields beyond a shorter block; they come last only by luck
        by_key = dict(zip((p.key for p in inside), values, strict=True))
        listed = ",\n        ".join(by_key.get(key, "None") for key in self.keys)
        self.lines += [f"    return (\n        {listed},\n    )" if total else "    return ()", ""]

    def _check(self, inside: Sequence[Placed], raws: Sequence[str], values: list[str]) -> None:
        conditions: list[str] = []
        for n, (placed, raw) in enumerate(zip(inside, raws, strict=True)):
            limits = self.ranges.get(placed.key)
            if limits is None or not placed.field.numeric:
                continue
            condition = _raw_condition(placed.field, raw, limits)
            if condition is None:
                variable = f"v{next(self.serial)}"
                self.lines.append(f"    {variable} = {values[n]}")
                values[n] = variable
                condition = _condition(variable, limits, [f"{variable} is None"])
            if condition:
                conditions.append(condition)
        if conditions:
            fail = self.name("implausible", self._implausible)
            joined = "\n        and ".join(conditions)
            self.lines += [f"    if not (\n        {joined}\n    ):", f"        raise {fail}(data)"]

    def _implausible(self, data: bytes) -> DecodeError:
        read = interpret(self.block, data)
        for placed in walk(self.block, lambda _: 0):
            limits = self.ranges.get(placed.key)
            if limits is not None and outside(read.get(placed.key), limits):
                return DecodeError(
                    placed.key, placed.offsets[0], implausible(read[placed.key], limits)
                )
        raise AssertionError("the compiled check and the plain reading disagree")


@define
class Grouped(Writer):
    """A block with groups: read run by run with a cursor, into a list with a place for all."""

    def write(self) -> None:
        self.names["StructError"] = struct.error
        self.lines += ["def decode(data):", f"    out = [None] * {len(self.keys)}", "    p = 0"]
        self.lines.append("    try:")
        self._items(self.block.items, "        ", "0", {})
        fail = self.fails(self.block, None)
        self.lines += [
            "    except StructError:",
            f"        raise {fail}(data) from None",
            "    if p != len(data):",
            f"        raise {self.name('too_long', too_long)}(p, data)",
            "    return out",
            "",
        ]

        self.names["decode_checked"] = self._decode_checked

    def _decode_checked(self, data: bytes) -> Sequence[Value]:
        values: Sequence[Value] = self.names["decode"](data)
        for key, value in zip(self.keys, values, strict=True):
            limits = self.ranges.get(key)
            if limits is not None and outside(value, limits):
                places = walk(self.block, lambda p: int(read_raw(self.block, p, data)))
                offset = next(p.offsets[0] for p in places if p.key == key)
                raise DecodeError(key, offset, implausible(value, limits))
        return values

    def _items(
        self, items: tuple[Field | Repeat, ...], indent: str, base: str, known: dict[str, str]
    ) -> None:
        position, run = 0, list[Field]()
        for item in items:
            if isinstance(item, Field):
                run.append(item)
                continue
            known |= self._run(run, indent, f"{base} + {position}", known)
            position, run = position + len(run), []
            self._group(item, indent, f"{base} + {position}", known)
            position += value_count((item,))
        self._run(run, indent, f"{base} + {position}", known)

    def _run(
        self, run: list[Field], indent: str, base: str, known: dict[str, str]
    ) -> dict[str, str]:
        """Fields that follow each other; returns the variables of their values."""
        if not run:
            return {}
        block = Binary(tuple(run), self.block.start, self.block.width, self.block.order)
        places = list(walk(block, lambda _: 0, _Unnumbered()))
        size = max(p.end for p in places)
        size += size % self.block.width
        structs, raws = self.unpack(places)
        for targets, reader in structs:
            unpack = self.name("unpack", _padded(reader, size).unpack_from)
            self.lines.append(f"{indent}{targets} = {unpack}(data, p)")
        variables: dict[str, str] = {}
        for n, (placed, raw) in enumerate(zip(places, raws, strict=True)):
            by = placed.field.scaled_by
            factor = None if by is None else (known | variables)[by]
            variables[placed.key] = f"v{next(self.serial)}"
            value = self.value(placed, raw, f"p + {placed.offsets[0]}", factor)
            self.lines.append(f"{indent}{variables[placed.key]} = out[{base} + {n}] = {value}")
        self.lines.append(f"{indent}p += {size}")
        return variables

    def _group(self, group: Repeat, indent: str, base: str, known: dict[str, str]) -> None:
        times, n = f"n{next(self.serial)}", f"i{next(self.serial)}"
        stride = value_count(group.items)
        fail = self.name("too_many", too_many)
        self.lines += [
            f"{indent}{times} = ({known[group.count]} or 0) + {group.more}",
            f"{indent}if {times} > {group.limit}:",
            f"{indent}    raise {fail}({group.count!r}, {times}, {group.limit}, p)",
            f"{indent}for {n} in range({times}):",
        ]
        self._items(group.items, indent + "    ", f"{base} + {n} * {stride}", dict(known))


class _Unnumbered(dict[str, int]):
    """Leaves the indices of group keys as they are declared."""

    def __missing__(self, index: str) -> str:
        return f"{{{index}}}"


def _targets(layer: Mapping[int, tuple[str, str]]) -> str:
    names = ", ".join(layer[offset][1] for offset in sorted(layer))
    return f"({names},)"


def _struct(order: str, layer: Mapping[int, tuple[str, str]]) -> struct.Struct:
    codes, cursor = [order], 0
    for offset in sorted(layer):
        if offset > cursor:
            codes.append(f"{offset - cursor}x")
        codes.append(layer[offset][0])
        cursor = offset + struct.calcsize(order + layer[offset][0])
    return struct.Struct("".join(codes))


def _padded(reader: struct.Struct, size: int) -> struct.Struct:
    return struct.Struct(f"{reader.format}{size - reader.size}x")


def _factor(raw: str, absent: tuple[int, ...]) -> str:
    conditions = " or ".join(f"{raw} == {n}" for n in absent)
    return f"None if {conditions} else {raw}" if conditions else raw


def _raw_condition(item: Field, raw: str, limits: Range) -> str | None:
    """The range check on the raw whole number; "" if it always holds, None if not possible."""
    if not item.whole or item.mask is not None or item.divide != 1 or item.scaled_by:
        return None
    ends = [
        None if limit is None else (limit * item.linear.d - item.linear.b) / item.linear.a
        for limit in limits
    ]
    low, high = ends if item.linear.a > 0 else ends[::-1]
    smallest, largest = item.bounds
    low = None if low is None or ceil(low - 1e-9) <= smallest else ceil(low - 1e-9)
    high = None if high is None or floor(high + 1e-9) >= largest else floor(high + 1e-9)
    return _condition(raw, (low, high), [f"{raw} == {n}" for n in item.absent])


def _condition(variable: str, limits: Range, otherwise: list[str]) -> str:
    low, high = limits
    if low is None and high is None:
        return ""
    left = "" if low is None else f"{low!r} <= "
    right = "" if high is None else f" <= {high!r}"
    return f"({' or '.join([*otherwise, left + variable + right])})"
