"""Register tables kept beside a plugin as CSV: one row is a datapoint and its place.

Columns are those in which vendors and the project's fact tables write registers: `table`, `address`
(decimal or 0x hex, zero-based), `words`, `data_type`, `word_order`, `scale`, `offset`, `unit`,
`access`, `point` (the key), `label`, `group`, `enum`, `source`, `confidence`, `register_list`,
`bit_mask`, `divide`, `variant`, `json_path`; and ours: `role`, `positive`, `range` ("0..100",
either end open), `step`, `counter`, `rollover`, `restarts`, `absent` (raw numbers), `about`,
`firmware` (">=3.6"), `doc`. Missing columns are empty.

A table of traits beside it names the few datapoints that have one: `point`, `trait`, `share_of`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import field, frozen

from core.table_rows import Made, each_of, rows_of
from core.thing_model.datapoint import Datapoint, Enumeration, Symbol
from core.thing_model.decoder import Decoder
from core.thing_model.fault import Fault
from core.thing_model.layout.binary import registers
from core.thing_model.layout.documents import (
    JsonField,
    flag,
    number,
    string,
    strings,
    whole,
)
from core.thing_model.layout.fields import Field
from core.thing_model.layout.framing import modbus_rtu
from core.thing_model.plausibility import Range
from core.thing_model.problems import ModelError, Problem

TYPES = {
    "uint16": "u16",
    "int16": "i16",
    "uint32": "u32",
    "int32": "i32",
    "uint64": "u64",
    "int64": "i64",
    "float32": "f32",
    "float64": "f64",
    "bitfield16": "u16",
    "bitfield32": "u32",
    "uint8_high": "u8",
    "uint8_low": "u8",
    "int8_high": "i8",
    "int8_low": "i8",
    "datetime": "clock",
    "string": "text",
    "ascii16": "text",
    "bytes": "octets",
    "sunssf": "i16",
    "epoch32": "u32",
}

FUNCTIONS = {"holding": 3, "input": 4}
"""Table: the Modbus function that reads it."""

JSON_WORDS: Mapping[str, Callable[..., JsonField]] = {
    "number": number,
    "whole": whole,
    "bool": flag,
    "string": string,
    "texts": strings,
}


@frozen
class RegisterTable:
    """The rows of a table. Rows with a variant replace the row of the same key for it."""

    path: Path
    rows: tuple[Mapping[str, str], ...]
    enums: Mapping[str, Enumeration]
    traits: Mapping[str, Mapping[str, str]] = field(factory=dict[str, Mapping[str, str]])

    def fields(
        self, first: int, last: int, *, table: str = "holding", variant: str = ""
    ) -> tuple[Field, ...]:
        """The fields at addresses `first` to `last`; with a variant only those it replaces."""
        placed = self._placed.get((table, variant), ())
        return tuple(self._made(_field, (row for at, row in placed if first <= at <= last)))

    @cached_property
    def _placed(self) -> dict[tuple[str, str], list[tuple[int, Mapping[str, str]]]]:
        """Rows and their first address, by table and variant."""
        found: dict[tuple[str, str], list[tuple[int, Mapping[str, str]]]] = {}
        for row in self.rows:
            if row.get("address") or row.get("register_list"):
                place = found.setdefault((row["table"], row["variant"]), [])
                (addresses,) = self._made(_addresses, [row])
                place.append((addresses[0], row))
        return found

    def answer(
        self,
        channel: str,
        first: int,
        *counts: int,
        table: str = "holding",
        unit: int = 1,
        doc: str = "",
    ) -> Decoder:
        """A channel that holds the Modbus RTU answer to one read from register `first` on.

        `counts` is the number of registers read, several numbers where firmware differs.
        """
        last = first + max(counts) - 1
        fields = self.fields(first, last, table=table)
        if not fields:
            what = f"reads {table} registers {first} to {last}, where no row is"
            raise ModelError([Problem(f"{self.path}: channel {channel}", what)])
        block = registers(first, *fields, counts=counts)
        framed = modbus_rtu(block, function=FUNCTIONS[table], unit=unit)
        return Decoder(channel, framed, doc=doc)

    def json_fields(self, table: str, *, inside: Iterable[str] = ()) -> tuple[JsonField, ...]:
        """The fields of a JSON object: rows of `table` by their `json_path`.

        A value may also stand `inside` other objects, "params.em:0" for one.
        """
        named = (row for row in self.rows if row["table"] == table)
        return tuple(self._made(lambda row: _json_field(row, inside), named))

    def datapoints(self, **changes: Any) -> Iterator[Datapoint]:
        """A datapoint per key, of the rows without variant; `changes` are common attributes."""
        first: dict[str, Mapping[str, str]] = {}
        for row in self.rows:
            if not row["variant"]:
                first.setdefault(row["point"], {**row, **self.traits.get(row["point"], {})})
        yield from self._made(lambda row: _datapoint(row, self.enums, changes), first.values())

    def check(self) -> None:
        """Raises ModelError with a Problem for every row that says something wrong."""
        self._made(self._whole_row, self.rows)

    def _whole_row(self, row: Mapping[str, str]) -> None:
        if self.enums and row.get("enum", "") not in ("", *self.enums):
            known = ", ".join(self.enums)
            raise ValueError(f"enum {row['enum']!r} is not known; known are {known}")
        _datapoint(row, self.enums, {})
        if row.get("address") or row.get("register_list"):
            _field(row)
        elif row.get("json_path"):
            _json_field(row, ())

    def _made(
        self, make: Callable[[Mapping[str, str]], Made], rows: Iterable[Mapping[str, str]]
    ) -> list[Made]:
        return each_of(self.path, make, rows)


def register_table(
    beside: str, name: str = "registers.csv", enums: str = "", traits: str = ""
) -> RegisterTable:
    """The table `name` in the folder of the file `beside` (a plugin's `__file__`)."""
    path = Path(beside).with_name(name)
    columns = ("table", "variant", "point", "address")
    rows = tuple({**dict.fromkeys(columns, ""), **row} for row in rows_of(path))
    named = enumerations(beside, enums) if enums else {}
    return RegisterTable(path, rows, named, _traits(path.with_name(traits), rows) if traits else {})


def _traits(path: Path, rows: Iterable[Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """The rows of a table of traits by datapoint; one that is no datapoint is a mistake."""
    found: dict[str, Mapping[str, str]] = {row["point"]: row for row in rows_of(path)}
    if lost := found.keys() - {row["point"] for row in rows}:
        what = f"names {', '.join(sorted(lost))}, which the registers have not"
        raise ModelError([Problem(str(path), what)])
    return found


def enumerations(beside: str, name: str = "enums.csv") -> dict[str, Enumeration]:
    """Enumerations by name, from rows of `enum`, `value`, `symbol`, `label`, `confidence`."""

    def made(row: Mapping[str, str]) -> tuple[str, int, Symbol]:
        symbol = Symbol(row["symbol"], row["label"] or row["symbol"], _as_is(row, "confidence"))
        return row["enum"], int(row["value"]), symbol

    path = Path(beside).with_name(name)
    symbols: dict[str, dict[int, Symbol]] = {}
    for enum, value, symbol in each_of(path, made, rows_of(path)):
        symbols.setdefault(enum, {})[value] = symbol
    return {name: Enumeration(name, values) for name, values in symbols.items()}


def fault_table(
    beside: str, datapoints: Mapping[str, str] | None = None, name: str = "faults.csv"
) -> Iterator[Fault]:
    """Faults from rows of `bitfield`, `bit` or `equals`, `symbol`, `label`, `severity` and such.

    `datapoints` maps each bit field of the table to the key of the datapoint that carries it;
    without it a bit field is named like its datapoint.
    """

    def made(row: Mapping[str, str]) -> Fault | None:
        field = row["bitfield"]
        key = field if datapoints is None else datapoints.get(field)
        return _fault(key, row) if key else None

    path = Path(beside).with_name(name)
    yield from filter(None, each_of(path, made, rows_of(path)))


def _fault(key: str, row: Mapping[str, str]) -> Fault:
    return Fault(
        key,
        row["symbol"],
        bit=_whole(row.get("bit")),
        equals=_whole(row.get("equals")),
        label=row.get("label", ""),
        number=row.get("number", ""),
        severity=_as_is(row, "severity") or "warning",
        source=row.get("source", ""),
        confidence=_as_is(row, "confidence"),
        doc=row.get("doc", ""),
        advice=row.get("advice", ""),
    )


def product_files(beside: str) -> list[Path]:
    """The TOML files in the folder `products` beside a plugin's `__file__`."""
    return sorted(Path(beside).with_name("products").glob("*.toml"))


def _as_is(row: Mapping[str, str], column: str) -> Any:
    """A text whose type the attrs validators check."""
    return row.get(column, "")


def _addresses(row: Mapping[str, str]) -> tuple[int, ...]:
    if listed := row.get("register_list"):
        return tuple(int(address, 0) for address in listed.split(";"))
    return (int(row["address"], 0),)


def _json_field(row: Mapping[str, str], inside: Iterable[str]) -> JsonField:
    kind, path = row["data_type"], row["json_path"]
    if kind not in JSON_WORDS:
        raise ValueError(f"data_type {kind!r} is not known; types are {', '.join(JSON_WORDS)}")
    return JSON_WORDS[kind](row["point"], path, *(f"{outer}.{path}" for outer in inside))


def _field(row: Mapping[str, str]) -> Field:
    kind = row["data_type"]
    if kind not in TYPES:
        raise ValueError(f"data_type {kind!r} is not known; types are {', '.join(TYPES)}")
    size = 2 * int(row["words"]) if TYPES[kind] in ("text", "octets") else 0
    return Field(
        row["point"],
        _as_is({"type": TYPES[kind]}, "type"),
        _addresses(row),
        scale=float(row.get("scale") or 1),
        offset=float(row.get("offset") or 0),
        absent=tuple(int(n, 0) for n in row.get("absent", "").split()),
        mask=int(row["bit_mask"], 0) if row.get("bit_mask") else None,
        divide=int(row.get("divide") or 1),
        words=_as_is({"o": "little" if row.get("word_order") == "little" else "big"}, "o"),
        byte=_as_is({"b": kind.partition("_")[2]}, "b") if "8_" in kind else None,
        size=size,
    )


def _datapoint(
    row: Mapping[str, str], enums: Mapping[str, Enumeration], changes: Mapping[str, Any]
) -> Datapoint:
    attributes: dict[str, Any] = {
        "role": row.get("role") or None,
        "trait": row.get("trait") or None,
        "share_of": row.get("share_of", ""),
        "label": row.get("label", ""),
        "group": row.get("group", ""),
        "positive": row.get("positive") or None,
        "about": row.get("about", ""),
        "firmware": row.get("firmware", ""),
        "range": range_of(row.get("range", "")),
        "step": _float(row.get("step")),
        "counter": row.get("counter") or None,
        "rollover": _float(row.get("rollover")),
        "restarts": _float(row.get("restarts")),
        "enum": enums.get(row.get("enum", "")),
        "access": row.get("access") or "ro",
        "source": row.get("source", ""),
        "confidence": row.get("confidence", ""),
        "doc": row.get("doc", ""),
    }
    return Datapoint(row["point"], row.get("unit", ""), **{**attributes, **changes})


def _whole(text: str | None) -> int | None:
    return int(text, 0) if text else None


def _float(text: str | None) -> float | None:
    return float(text) if text else None


def range_of(text: str) -> Range | None:
    """A range as it is written, "0..100" with either end open; None where nothing is."""
    if not text:
        return None
    low, dots, high = text.partition("..")
    if not dots:
        raise ValueError(f"range {text!r} is not written as low..high")
    return (float(low) if low else None, float(high) if high else None)
