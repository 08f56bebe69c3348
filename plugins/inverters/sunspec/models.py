"""SunSpec models from their tables: rows of points and symbols become layouts and declarations.

`models.csv`, `points.csv` and `symbols.csv` have the columns of the alliance's tables and a few of
ours: `prefix` (of a model's keys), `repeats` (the point that counts a group written `[0]`; without
one the model's length does), `limits` (elements that are declared of a group, and of one inside
it), `role`, `range`, `doc`, and `severity` for a symbol that is a fault. A further model is further
rows.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import groupby, product
from pathlib import Path
from typing import Any

from attrs import field, frozen

from thingwright import Datapoint, Enumeration, Fault, RegisterTable, Symbol
from thingwright.layout import (
    Field,
    Framed,
    Repeat,
    f32,
    framed,
    i16,
    i32,
    i64,
    octets,
    registers,
    repeat,
    text,
    u16,
    u32,
    u64,
)

from .head import CountingHead, ModelHead

Row = Mapping[str, str]

HEAD = ("ID", "L")
"""Points that say which model this is and how many registers follow; the framing checks them."""
LIMIT = 8
"""Elements of a group that are declared where `limits` says nothing else."""

WORDS: Mapping[str, Callable[..., Field]] = {
    "int16": partial(i16, absent=-0x8000),
    "uint16": partial(u16, absent=0xFFFF),
    "count": partial(u16, absent=0xFFFF),
    "acc16": partial(u16, absent=0),
    "enum16": partial(u16, absent=0xFFFF),
    "bitfield16": partial(u16, absent=0xFFFF),
    "sunssf": partial(i16, absent=-0x8000),
    "int32": partial(i32, absent=-0x8000_0000),
    "enum32": partial(u32, absent=0xFFFF_FFFF),
    "uint32": partial(u32, absent=0xFFFF_FFFF),
    "bitfield32": partial(u32, absent=0xFFFF_FFFF),
    "acc32": partial(u32, absent=0),
    "int64": partial(i64, absent=-0x8000_0000_0000_0000),
    "uint64": partial(u64, absent=0xFFFF_FFFF_FFFF_FFFF),
    "acc64": partial(u64, absent=0),
    "float32": f32,
    "pad": u16,
}
"""Types, each with the raw number that says "not implemented"."""

SIZED: Mapping[str, Callable[..., Field]] = {
    "string": text,
    "ipaddr": octets,
    "ipv6addr": octets,
    "eui48": octets,
}
"""Types that are as long as their `size` says."""

POWERS = "-10..10"
"""The range of a scale factor."""

ACCESS = {"R": "ro", "RW": "rw", "W": "wo"}

UNITS = {
    "C": "degC",
    "Secs": "s",
    "Pct": "%",
    "WMaxPct": "%",
    "VarPct": "%",
    "VNomPct": "%",
    "WH": "Wh",
    "AH": "Ah",
    "Var": "var",
    "Varh": "varh",
    "ohms": "ohm",
    "PF": "",
    "cos()": "",
    "DeptRef": "",
}
"""Units that the tables write in their own way."""


@frozen
class Group:
    """One step of a `group_path`: `Crv[NCrv]` occurs NCrv times, `MustTrip` once."""

    name: str
    count: str = ""

    @classmethod
    def path(cls, row: Row) -> "tuple[Group, ...]":
        """The groups of a row inside its model."""
        steps = (step.rstrip("]").partition("[") for step in row["group_path"].split(".")[1:])
        return tuple(cls(name, count) for name, _, count in steps)

    @property
    def key(self) -> str:
        return f"{self.name}{{{self.name}}}_" if self.count else f"{self.name}_"


@frozen
class Model:
    """A model: its row, those of its points and those of its symbols."""

    row: Row
    points: tuple[Row, ...] = field(repr=False)
    symbols: tuple[Row, ...] = field(default=(), repr=False)

    @property
    def number(self) -> int:
        return int(self.row["model_id"])

    def layout(self) -> Framed:
        """The whole model as it stands in the registers, framed by its head."""
        head = ModelHead(self.number)
        if self._counting is None:
            items = self._items(self._body, {})
            return framed(registers(2, *items, counts=self._counts()), head)
        counting = self.key(self._counting)
        elements, items = u16(counting, 1), self._items(self._body, {"0": counting})
        return framed(registers(1, elements, *items), CountingHead(head, *self._sizes()))

    @property
    def _counting(self) -> Row | None:
        """The point that stands for the length, where that alone counts the elements."""
        path = next((row["group_path"] for row in self.points if "[0]" in row["group_path"]), "")
        if not path or self.row["repeats"]:
            return None
        group = path.partition("[0]")[0].rpartition(".")[2]
        return {**self.points[1], "point": f"{group}_count", "label": f"Number of {group}"}

    def _sizes(self) -> tuple[int, int]:
        """Registers after the head that occur once, and those of an element."""
        sizes = [-2, 0]
        for row in self.points:
            sizes[bool(Group.path(row))] += int(row["size"])
        return sizes[0], sizes[1]

    @property
    def limits(self) -> tuple[int, int]:
        """How many elements are declared of a group, and of one inside it."""
        outer, inner = (*map(int, self.row["limits"].split()), LIMIT, LIMIT)[:2]
        return outer, inner

    @property
    def _body(self) -> tuple[Row, ...]:
        """The points without the head, and without pads that nothing stands behind of.

        What follows a repeated group, or is in one, has no address: there a pad keeps its place.
        """
        return tuple(
            row
            for row, after in zip(self.points, (*self.points[1:], None), strict=True)
            if not row["offset"]
            or (row["point"] not in HEAD and (row["type"] != "pad" or _is_unplaced(after)))
        )

    def _counts(self) -> tuple[int, ...] | None:
        """Registers after the head; some devices leave out a pad at the end."""
        if any(group.count for row in self.points for group in Group.path(row)):
            return None
        last = self.points[-1]
        end = int(last["offset"]) + int(last["size"]) - 2
        return (end - int(last["size"]), end) if last["type"] == "pad" else (end,)

    def _items(
        self, rows: Iterable[Row], known: Mapping[str, str], around: tuple[Group, ...] = ()
    ) -> Iterator[Field | Repeat]:
        """Fields and groups inside `around`; `known` are the keys of the points that count."""
        rows, depth = tuple(rows), len(around)
        own = {row["point"]: self.key(row) for row in rows if len(Group.path(row)) == depth}
        known = {**known, **own}
        for inside, members in groupby(rows, lambda row: Group.path(row)[depth : depth + 1]):
            if not inside:
                yield from (self._field(row, known) for row in members)
                continue
            (group,) = inside
            items = self._items(members, known, (*around, group))
            if group.count:
                limit = self.limits[sum(bool(outer.count) for outer in around)]
                yield repeat(group.name, *items, count=self._counts_of(group, known), limit=limit)
            else:
                yield from items

    def _counts_of(self, group: Group, known: Mapping[str, str]) -> str:
        """The key of the point that counts a group."""
        return known[self.row["repeats"] or "0"] if group.count == "0" else known[group.count]

    def key(self, row: Row) -> str:
        """The key of a point, with the index of each repeated group in braces."""
        return self.row["prefix"] + "".join(g.key for g in Group.path(row)) + row["point"]

    def _field(self, row: Row, known: Mapping[str, str]) -> Field:
        at = int(row["offset"]) if row["offset"] else None
        if row["type"] in SIZED:
            return SIZED[row["type"]](self.key(row), 2 * int(row["size"]), at)
        word, power = WORDS[row["type"]], row["sf"]
        if power.lstrip("-").isdigit():
            return word(self.key(row), at, scale=float(f"1e{power}"))
        return word(self.key(row), at, scaled_by=known[power] if power else None)

    def datapoints(self) -> Iterator[Datapoint]:
        """A datapoint per point and element, in the order of the table."""
        body = self._body if self._counting is None else (self._counting, *self._body)
        rows = tuple(row for point in body for row in self._rows(point))
        return RegisterTable(Path(__file__), rows, self._enumerations()).datapoints()

    def _rows(self, row: Row) -> Iterator[Row]:
        """A row of a register table for every element of the groups that a point is in."""
        for numbers, key in self._elements(row):
            yield {
                **row,
                "variant": "",
                "point": key,
                "unit": unit(row["units"]),
                "label": numbered(row["label"] or row["point"], numbers),
                "group": numbered(self.row["label"], numbers),
                "range": POWERS if row["type"] == "sunssf" else row.get("range", ""),
                "access": ACCESS[row["access"]],
                "counter": "total" if row["type"].startswith("acc") else "",
                "enum": enum_name(row) if row["type"].startswith("enum") else "",
            }

    def _elements(self, row: Row) -> Iterator[tuple[tuple[int, ...], str]]:
        """The numbers of the elements and the key of each occurrence of a point."""
        loops = [group.name for group in Group.path(row) if group.count]
        ranges = (range(1, limit + 1) for limit in self.limits[: len(loops)])
        for numbers in product(*ranges):
            yield numbers, self.key(row).format_map(dict(zip(loops, numbers, strict=True)))

    def _enumerations(self) -> dict[str, Enumeration]:
        named = groupby(self.symbols, enum_name)
        return {
            name: Enumeration(
                name, {int(r["value"]): Symbol(r["symbol"].lower(), r["label"]) for r in rows}
            )
            for name, rows in named
        }

    def faults(self) -> Iterator[Fault]:
        """A fault per symbol that has a severity, and per element of the groups it is in."""
        points = {enum_name(row): row for row in self.points}
        for symbol in self.symbols:
            if symbol["severity"]:
                point = points[enum_name(symbol)]
                for numbers, key in self._elements(point):
                    yield fault(symbol, key, numbers, bits=point["type"].startswith("bitfield"))


def _is_unplaced(row: Row | None) -> bool:
    return row is not None and not row["offset"]


def fault(symbol: Row, key: str, numbers: tuple[int, ...], *, bits: bool) -> Fault:
    """A bit of an event word is named by itself, a state by its point too."""
    number = int(symbol["value"])
    stem = key.removesuffix(symbol["point"]) if bits else f"{key}_"
    severity: Any = symbol["severity"]
    return Fault(
        key,
        f"{stem}{symbol['symbol']}".lower(),
        bit=number if bits else None,
        equals=None if bits else number,
        label=numbered(symbol["label"], numbers),
        severity=severity,
    )


def numbered(label: str, numbers: tuple[int, ...]) -> str:
    return " ".join((label, *map(str, numbers)))


def enum_name(row: Row) -> str:
    return f"{row['model_id']} {row['group_path']} {row['point']}"


def unit(text: str) -> str:
    """A unit of the tables in the words of the project; shares of a reference are per cent."""
    text = text.strip()
    if text.startswith("%"):
        per = text.lower().partition("/")[2]
        return {"": "%", "sec": "%/s", "min": "%/min"}.get(per, "")
    return UNITS.get(text, text)


@cache
def read_models(folder: Path) -> tuple[Model, ...]:
    """The models of the three tables in a folder."""
    points, symbols = by_model(folder / "points.csv"), by_model(folder / "symbols.csv")
    return tuple(
        Model(row, points[row["model_id"]], symbols.get(row["model_id"], ()))
        for row in rows_of(folder / "models.csv")
    )


def by_model(path: Path) -> dict[str, tuple[Row, ...]]:
    return {id_: tuple(rows) for id_, rows in groupby(rows_of(path), lambda row: row["model_id"])}


def rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
