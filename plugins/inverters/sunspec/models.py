"""SunSpec models from their tables: rows of points and symbols become layouts and declarations.

`models.csv`, `points.csv` and `symbols.csv` have the columns of the alliance's tables and a few of
ours: `prefix` (of a model's keys), `repeats` (the point that counts a group written `[0]`), `role`,
`range`, `doc`, and `severity` for a symbol that is a fault. A further model is further rows.
"""

import csv
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby, product
from pathlib import Path
from typing import Any

from attrs import frozen

from thingwright import Datapoint, DecodeError, Enumeration, Fault, RegisterTable, Symbol
from thingwright.layout import (
    Field,
    Framed,
    Repeat,
    f32,
    framed,
    i16,
    i32,
    registers,
    repeat,
    text,
    u16,
    u32,
    u64,
)

Row = Mapping[str, str]

HEAD = ("ID", "L")
"""Points that say which model this is and how many registers follow; the framing checks them."""
LIMIT = 8
"""Elements of a group that are declared; the inverters of homes have fewer inputs."""

WORDS: Mapping[str, Callable[..., Field]] = {
    "int16": partial(i16, absent=-0x8000),
    "uint16": partial(u16, absent=0xFFFF),
    "count": partial(u16, absent=0xFFFF),
    "enum16": partial(u16, absent=0xFFFF),
    "bitfield16": partial(u16, absent=0xFFFF),
    "sunssf": partial(i16, absent=-0x8000),
    "int32": partial(i32, absent=-0x8000_0000),
    "uint32": partial(u32, absent=0xFFFF_FFFF),
    "bitfield32": partial(u32, absent=0xFFFF_FFFF),
    "acc32": partial(u32, absent=0),
    "uint64": partial(u64, absent=0xFFFF_FFFF_FFFF_FFFF),
    "acc64": partial(u64, absent=0),
    "float32": f32,
    "pad": u16,
}
"""Types, each with the raw number that says "not implemented"."""

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
class ModelHead:
    """A model begins with its number and the count of the registers that follow."""

    number: int

    def unwrap(self, data: bytes) -> bytes:
        if len(data) < 4:
            raise DecodeError("frame", len(data), "ends before the number and length of a model")
        number, count = struct.unpack_from(">HH", data)
        if number != self.number:
            raise DecodeError("frame", 0, f"is model {number}, not {self.number}")
        if 2 * count != len(data) - 4:
            what = f"announces {count} registers, holds {len(data) - 4} bytes of them"
            raise DecodeError("frame", 2, what)
        return data[4:]

    def wrap(self, body: bytes) -> bytes:
        return struct.pack(">HH", self.number, len(body) // 2) + body

    def locate(self, span: tuple[int, int]) -> tuple[int, int]:
        return span[0] + 4, span[1] + 4


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
    points: tuple[Row, ...]
    symbols: tuple[Row, ...] = ()

    @property
    def number(self) -> int:
        return int(self.row["model_id"])

    def layout(self) -> Framed:
        """The whole model as it stands in the registers, framed by its head."""
        block = registers(2, *self._items(self._body, 0, {}), counts=self._counts())
        return framed(block, ModelHead(self.number))

    @property
    def _body(self) -> tuple[Row, ...]:
        """The points without the head, and without pads but for those inside a repeated group."""
        return tuple(
            row
            for row in self.points
            if not row["offset"] or (row["type"] != "pad" and row["point"] not in HEAD)
        )

    def _counts(self) -> tuple[int, ...] | None:
        """Registers after the head; some devices leave out a pad at the end."""
        if any(group.count for row in self.points for group in Group.path(row)):
            return None
        last = self.points[-1]
        end = int(last["offset"]) + int(last["size"]) - 2
        return (end - int(last["size"]), end) if last["type"] == "pad" else (end,)

    def _items(
        self, rows: Iterable[Row], depth: int, known: Mapping[str, str]
    ) -> Iterator[Field | Repeat]:
        """Fields and groups at one depth; `known` are the keys of the points around them."""
        rows = tuple(rows)
        own = {row["point"]: self.key(row) for row in rows if len(Group.path(row)) == depth}
        known = {**known, **own}
        for group, members in groupby(rows, lambda row: Group.path(row)[depth : depth + 1]):
            if not group:
                yield from (self._field(row, known) for row in members)
            elif count := group[0].count:
                counting = known[self.row["repeats"] if count == "0" else count]
                items = self._items(members, depth + 1, known)
                yield repeat(group[0].name, *items, count=counting, limit=LIMIT)
            else:
                yield from self._items(members, depth + 1, known)

    def key(self, row: Row) -> str:
        """The key of a point, with the index of each repeated group in braces."""
        return self.row["prefix"] + "".join(g.key for g in Group.path(row)) + row["point"]

    def _field(self, row: Row, known: Mapping[str, str]) -> Field:
        at = int(row["offset"]) if row["offset"] else None
        if row["type"] == "string":
            return text(self.key(row), 2 * int(row["size"]), at)
        power = known[row["sf"]] if row["sf"] else None
        return WORDS[row["type"]](self.key(row), at, scaled_by=power)

    def datapoints(self) -> Iterator[Datapoint]:
        """A datapoint per point and element, in the order of the table."""
        rows = tuple(row for point in self._body for row in self._rows(point))
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
        for numbers in product(range(1, LIMIT + 1), repeat=len(loops)):
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


def read_models(folder: Path) -> list[Model]:
    """The models of the three tables in a folder."""
    points, symbols = rows_of(folder / "points.csv"), rows_of(folder / "symbols.csv")
    return [
        Model(row, of_model(row, points), of_model(row, symbols))
        for row in rows_of(folder / "models.csv")
    ]


def of_model(model: Row, rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(row for row in rows if row["model_id"] == model["model_id"])


def rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
