"""Answers to reads of Modbus registers, packed by hand from rows of a fact table.

A row is a mapping with the columns of the fact tables: `table`, `address`, `words`, `data_type`,
`word_order`, `scale`, `point`, `bit_mask`. Nothing of the engine is used here.
"""

import csv
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vector_toml import FACTS, entry, spaced

Row = Mapping[str, str]
Values = dict[str, Any]

CODES = {
    "uint16": "H",
    "int16": "h",
    "bitfield16": "H",
    "uint32": "I",
    "int32": "i",
    "float32": "f",
    "float64": "d",
    "uint8_high": "B",
    "uint8_low": "B",
}
FUNCTIONS = {"holding": 3, "input": 4}
COLUMNS = ("address", "data_type", "words", "scale", "unit", "point")
TYPICAL = {
    "V": 230, "A": 12, "W": 2750, "VA": 2760, "kWh": 1234, "Wh": 1_234_567, "degC": 31, "s": 60,
    "%": 64, "ms": 15_000,
}  # fmt: skip
"""A value that a healthy device may report, by unit; the row's number is added to the raw one."""


def fact_rows(name: str, **changes: Mapping[str, str]) -> list[Row]:
    """The rows of a register table of the facts, with other cells for some points."""
    with (FACTS / "registers" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return [{**row, **changes.get(row["point"], {})} for row in csv.DictReader(lines)]


def added_rows(text: str, table: str = "holding") -> list[Row]:
    """Rows that the fact table lacks, as lines of `COLUMNS`; "-" is an empty cell."""
    rows = [dict(zip(COLUMNS, line.split(), strict=True)) for line in text.strip().splitlines()]
    return [
        {"table": table, "word_order": "big", "offset": "0", "bit_mask": "", **row}
        | {"unit": row["unit"].replace("-", "")}
        for row in rows
    ]


def typical(row: Row, number: int) -> bytes:
    """Raw bytes as a healthy device may send them."""
    kind = row["data_type"]
    if kind == "string":
        return f"{row['point'].upper()[:6]}{number}".encode()[: size(row)].ljust(size(row), b"\0")
    if kind == "bytes":
        return bytes((number + n) % 10 for n in range(size(row)))
    if kind.startswith("float"):
        return struct.pack(f">{CODES[kind]}", TYPICAL.get(row["unit"], 3) + number / 4)
    value = Fraction(TYPICAL.get(row["unit"], number % 5))
    raw = int((value - offset(row)) / abs(Fraction(row["scale"])))
    if row["unit"]:
        raw += number
    return packed(row, min(raw, 0x7F00) if CODES[kind] in "Hh" else raw)


def edge(row: Row, number: int) -> bytes:
    """Raw bytes with the top bit set, every byte another one, no row like its neighbour."""
    kind = row["data_type"]
    if kind == "string":
        return bytes(0x41 + (5 * number + n) % 26 for n in range(size(row)))
    if kind == "float32":
        return struct.pack(">I", 0xC1020304 + 0x00112233 * number)
    if kind == "float64":
        return struct.pack(">Q", 0xC112_2334_4556_6778 + 0x0000_1111_2222_3333 * number)
    made = bytes(0x81 + (37 * number + 17 * n) % 0x78 for n in range(size(row)))
    return made[::-1] if row["word_order"] == "little" else made


def packed(row: Row, raw: int) -> bytes:
    data = struct.pack(f">{CODES[row['data_type']]}", raw)
    return data[2:] + data[:2] if row["word_order"] == "little" and len(data) == 4 else data


def size(row: Row) -> int:
    """Bytes of a row."""
    code = CODES.get(row["data_type"])
    return struct.calcsize(code) if code else 2 * int(row["words"])


def offset(row: Row) -> Fraction:
    return Fraction(row.get("offset") or 0)


def value(row: Row, raw: bytes) -> Any:
    """What the bytes of a row mean."""
    kind = row["data_type"]
    if kind == "string":
        return raw.split(b"\0")[0].decode("ascii").rstrip() or None
    if kind == "bytes":
        return raw.hex()
    if row["word_order"] == "little" and len(raw) == 4:
        raw = raw[2:] + raw[:2]
    (number,) = struct.unpack(f">{CODES[kind]}", raw)
    if kind.startswith("float"):
        return number * float(row["scale"]) if math.isfinite(number) else None
    if row["bit_mask"]:
        mask = int(row["bit_mask"], 16)
        number = (number & mask) // (mask & -mask)
    said = number * Fraction(row["scale"]) + offset(row)
    return int(said) if row["scale"] == "1" else float(said)


@dataclass(frozen=True)
class Block:
    """The answers to one read: first register, numbers of registers, and the rows in them."""

    channel: str
    first: int
    counts: Sequence[int]
    rows: Sequence[Row]
    unit: int = 1
    source: str = ""
    computed: Callable[[Values], Values] = lambda _: {}

    @property
    def function(self) -> int:
        return FUNCTIONS[self.rows[0]["table"]]

    def place(self, row: Row) -> slice:
        start = 2 * (int(row["address"]) - self.first) + row["data_type"].endswith("_low")
        return slice(start, start + size(row))

    def body(self, make: Callable[[Row, int], bytes], said: Mapping[str, int], count: int) -> bytes:
        """Registers as `make` fills them, or as a raw number in `said` does."""
        data = bytearray(2 * max(self.counts))
        for number, row in enumerate(self.rows, 1):
            where, point = self.place(row), row["point"]
            if point in said:
                data[where] = packed(row, said[point])
            elif not any(data[where]):
                data[where] = make(row, number)
        return bytes(data[: 2 * count])

    def values(self, body: bytes) -> Values:
        inside = [row for row in self.rows if self.place(row).stop <= len(body)]
        said = {row["point"]: value(row, body[self.place(row)]) for row in inside}
        return said | self.computed(said)

    def answer(self, body: bytes) -> bytes:
        return with_crc(struct.pack("BBB", self.unit, self.function, len(body)) + body)

    def good(self, body: bytes, origin: str = "derived", source: str = "") -> str:
        facts: Values = {"channel": self.channel, "origin": origin, "source": source or self.source}
        return entry("frame", self.values(body), **facts, hex=spaced(self.answer(body)))

    def frames(self, usual: Mapping[str, int], edges: Mapping[str, int]) -> Iterator[str]:
        """A typical answer of each length, and one of edges of the longest."""
        for count in self.counts:
            yield self.good(self.body(typical, usual, count))
        yield self.good(self.body(edge, edges, max(self.counts)))

    def bad_frames(self) -> Iterator[str]:
        """Damaged, cut, of another function, refused by the device, and one register short."""
        body = self.body(typical, {}, self.counts[0])
        good, other = self.answer(body), 7 - self.function
        wrong = with_crc(bytes((self.unit, other)) + good[2:-2])
        refusal = with_crc(bytes((self.unit, self.function | 0x80, 2)))
        short, long = body[:-2], body + b"\0\0" * (max(self.counts) - self.counts[0] + 1)
        first = next((r["point"] for r in self.rows if self.place(r).stop > len(short)), "frame")
        for data, datapoint, at, reason in (
            (good[:-1] + bytes((good[-1] ^ 1,)), "frame", len(good) - 2, "CRC"),
            (good[:-1], "frame", 2, "holds"),
            (wrong, "frame", 1, f"expected {self.function}"),
            (refusal, "frame", 2, "illegal data address"),
            (self.answer(short), first, 3 + len(short), "expected"),
            (self.answer(long), "frame", None, "expected"),
        ):
            facts: Values = {"channel": self.channel, "origin": "derived", "hex": spaced(data)}
            facts |= {"datapoint": datapoint, "reason": reason}
            yield entry("bad_frame", **facts | ({} if at is None else {"offset": at}))


def block(
    channel: str, rows: Sequence[Row], first: int, *counts: int, table: str = "", **more: Any
) -> Block:
    """The block of the rows whose first register lies in it."""
    inside = [
        row
        for row in rows
        if first <= int(row["address"]) < first + max(counts)
        and row["table"] == (table or "holding")
    ]
    return Block(channel, first, counts, inside, **more)


def command(name: str, data: bytes, origin: str = "derived", **parameters: Any) -> str:
    """A command vector: parameters as people give them, and the request."""
    return entry("command", command=name, origin=origin, parameters=parameters, hex=spaced(data))


def written(address: int, data: bytes, *, function: int = 16, unit: int = 1) -> bytes:
    """A request to write registers."""
    head = struct.pack(">BBH", unit, function, address)
    size = struct.pack(">HB", len(data) // 2, len(data)) if function == 16 else b""
    return with_crc(head + size + data)


def with_crc(frame: bytes) -> bytes:
    """Modbus: polynomial 0xA001, from 0xFFFF, low byte first."""
    register = 0xFFFF
    for byte in frame:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ 0xA001 * (register & 1)
    return frame + struct.pack("<H", register)
