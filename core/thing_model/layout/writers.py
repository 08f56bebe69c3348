"""Writes the Python source of a block's decoder; see `compiler`."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any

from attrs import define, field

from core.thing_model.layout.binary import Binary, Placed, value_count, walk
from core.thing_model.layout.codec import implausible, outside
from core.thing_model.layout.conditions import condition_on, raw_condition
from core.thing_model.layout.fields import STRUCT_CODES, Field, Repeat, Value
from core.thing_model.layout.layers import Layer, padded, variable_at
from core.thing_model.layout.misfits import too_long, too_many, wrong_size
from core.thing_model.layout.raw import interpret, power_of_ten, read_count, word_offsets
from core.thing_model.layout.texts import TEXTS
from core.thing_model.plausibility import Range
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
        layers: list[Layer] = []
        expressions = [self._raw(p, layers) for p in placed]
        order = "<" if self.block.order == "little" else ">"
        return [(layer.targets, layer.struct(order)) for layer in layers], expressions

    def _raw(self, placed: Placed, layers: list["Layer"]) -> str:
        item = placed.field
        if placed.contiguous:
            code = STRUCT_CODES[item.type][0] if item.numeric else f"{item.size}s"
            variable = variable_at(placed.offsets[0], code, item.size, layers)
            if item.type == "u24":
                return f"{self.name('joined', int.from_bytes)}({variable}, {self.block.order!r})"
            return variable
        words = [variable_at(offset, "H", 2, layers) for offset in word_offsets(placed)]
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

    def value(self, placed: Placed, raw: str, at: str, factor: str | None) -> str:
        """The expression of a field's value from the expression of its raw number."""
        item = placed.field
        if not item.numeric:
            read = self.name("read_", TEXTS[item.type][0])
            return f"{read}({raw}, {placed.key!r}, {at})"
        plain = raw
        if item.mask is not None:
            plain = f"({raw} & {item.mask:#x})"
            plain = f"({plain} >> {item.shift})" if item.shift else plain
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
        self.names |= {"StructError": struct.error, "partial": partial}
        sizes = self.block.sizes or (None,)
        names = ["decode"] if len(sizes) == 1 else [f"decode_{size}" for size in sizes]
        checks = [self._function(*pair) for pair in zip(names, sizes, strict=True)]
        if len(sizes) > 1:
            by_size = ", ".join(f"{s}: {n}" for s, n in zip(sizes, names, strict=True))
            self.lines += [
                f"by_size = {{{by_size}}}",
                "def decode(data, checked=False):",
                f"    return by_size.get(len(data), {names[-1]})(data, checked)",
                "",
            ]
        checked = "partial(decode, checked=True)" if any(checks) else "decode"
        self.lines += [f"decode_checked = {checked}", ""]

    def _function(self, name: str, size: int | None) -> bool:
        """Writes the decoder of blocks of `size` bytes; returns whether there is a range to check.

        It is one function for both, because half of the time that loading takes is compiling.
        """
        inside = [p for p in walk(self.block, lambda _: 0) if size is None or p.end <= size]
        structs, raws = self.unpack(inside)
        start = self._start(structs, size)
        check, values = self._check(inside, raws, self._values(inside, raws))
        # a layout may place fields beyond a shorter block; they come last only by luck
        by_key = dict(zip((p.key for p in inside), values, strict=True))
        listed = "".join(f"\n        {by_key.get(key, 'None')}," for key in self.keys)
        self.lines += [f"def {name}(data, checked=False):", *start, *check]
        self.lines += [f"    return ({listed}\n    )", ""]
        return bool(check)

    def _start(self, structs: Sequence[tuple[str, struct.Struct]], size: int | None) -> list[str]:
        """The lines that unpack a block."""
        lines = ["    try:"]
        for targets, reader in structs:
            read = reader.unpack_from if size is None else padded(reader, size).unpack
            lines.append(f"        {targets} = {self.name('unpack', read)}(data)")
        if not structs:
            lines.append("        pass")
        fail = self.fails(self.block, size)
        return [*lines, "    except StructError:", f"        raise {fail}(data) from None"]

    def _values(self, inside: Sequence[Placed], raws: Sequence[str]) -> list[str]:
        powers = {p.key: _factor(r, p.field.absent) for p, r in zip(inside, raws, strict=True)}

        def factor(item: Field) -> str | None:
            # a factor that a shorter block does not hold is absent, and the value with it
            return None if item.scaled_by is None else powers.get(item.scaled_by, "None")

        return [
            self.value(p, raw, str(p.offsets[0]), factor(p.field))
            for p, raw in zip(inside, raws, strict=True)
        ]

    def _check(
        self, inside: Sequence[Placed], raws: Sequence[str], values: Sequence[str]
    ) -> tuple[list[str], list[str]]:
        """The lines that refuse an implausible value, and the expressions of the values then."""
        lines, conditions, values = list[str](), list[str](), list(values)
        for n, (placed, raw) in enumerate(zip(inside, raws, strict=True)):
            limits = self.ranges.get(placed.key)
            if limits is None or not placed.field.numeric:
                continue
            condition = raw_condition(placed.field, raw, limits)
            if condition is None:
                variable = f"v{next(self.serial)}"
                lines.append(f"    {variable} = {values[n]}")
                values[n] = variable
                condition = condition_on(variable, limits, [f"{variable} is None"])
            if condition:
                conditions.append(condition)
        if conditions:
            joined = "\n        and ".join(conditions)
            fail = self.name("implausible", self._implausible)
            lines += [
                f"    if checked and not (\n        {joined}\n    ):",
                f"        raise {fail}(data)",
            ]
        return lines, values

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
                places = walk(self.block, read_count(self.block, data))
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
            unpack = self.name("unpack", padded(reader, size).unpack_from)
            self.lines.append(f"{indent}{targets} = {unpack}(data, p)")
        powers = {p.key: _factor(r, p.field.absent) for p, r in zip(places, raws, strict=True)}
        variables: dict[str, str] = {}
        for n, (placed, raw) in enumerate(zip(places, raws, strict=True)):
            by = placed.field.scaled_by
            factor = None if by is None else (known | powers)[by]
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


def _factor(raw: str, absent: tuple[int, ...]) -> str:
    conditions = " or ".join(f"{raw} == {n}" for n in absent)
    return f"None if {conditions} else {raw}" if conditions else raw
