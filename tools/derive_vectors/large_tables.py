"""Makes vectors of families with large tables: `python tools/derive_vectors/large_tables.py`.

Names of plugins may follow. Frames follow from the fact tables by `struct` alone; nothing of the
engine is used here. Which reads there are is data of each plugin, `channels.csv`; what is written,
raised and computed stands in `large_families.py`.
"""

import csv
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import register_answers
from large_families import FAMILIES, Family
from register_answers import Block, Row, Values, command, fact_rows, packed, written
from vector_toml import ROOT, entry, spaced, write

LONG = {"int64": "q", "uint64": "Q", "epoch32": "I"}
ABSENT = {"uint16": "ffff", "int16": "7fff", "uint32": "ffffffff", "int32": "7fffffff"}
ABSENT["epoch32"] = ABSENT["uint32"]
"""What stands where a Huawei device has no such value."""


@dataclass(frozen=True)
class Read(Block):
    """A read of one of these families: over TCP where they speak that, with absent values."""

    tcp: bool = False
    asked: int = 3
    silent: frozenset[str] = field(default_factory=frozenset[str])

    @property
    def function(self) -> int:
        return self.asked

    def values(self, body: bytes) -> Values:
        missing = [
            row["point"]
            for row in self.rows
            if row["point"] in self.silent
            and body[self.place(row)].hex() == ABSENT.get(row["data_type"])
        ]
        return {**super().values(body), **dict.fromkeys(missing)}

    def answer(self, body: bytes) -> bytes:
        if not self.tcp:
            return super().answer(body)
        head = struct.pack(">HHHBBB", 1, 0, len(body) + 3, self.unit, self.function, len(body))
        return head + body

    def bad_frames(self) -> Iterator[str]:
        if not self.tcp:
            yield from super().bad_frames()
            return
        body = self.body(typical, {}, self.counts[0])
        good, short = self.answer(body), body[:-2]
        first = next((r["point"] for r in self.rows if self.place(r).stop > len(short)), "frame")
        refusal = struct.pack(">HHHBBB", 1, 0, 3, self.unit, self.function | 0x80, 2)
        for data, datapoint, reason in (
            (good[:-1], "frame", "lengths"),
            (good[:2] + b"\0\1" + good[4:], "frame", "protocol"),
            (good[:7] + b"\4" + good[8:], "frame", "expected 3"),
            (refusal, "frame", "illegal data address"),
            (self.answer(short), first, "expected"),
            (self.answer(body + b"\0\0"), "frame", "expected"),
        ):
            facts: Values = {"channel": self.channel, "origin": "derived", "hex": spaced(data)}
            yield entry("bad_frame", **facts, datapoint=datapoint, reason=reason)


def typical(row: Row, number: int) -> bytes:
    """Raw bytes as a healthy device may send them."""
    if row["data_type"] in ("int64", "uint64"):
        return struct.pack(">Q", 1_234_500 + number)
    return register_answers.typical(row, number)


def edge(row: Row, number: int) -> bytes:
    """Raw bytes with the top bit set; of 64 bits such as a float of hundredths can say exactly."""
    if row["data_type"] == "uint64":
        return struct.pack(">Q", (930 + number) * 10**16)
    if row["data_type"] == "int64":
        return struct.pack(">q", -(123 + number) * 10**16)
    return register_answers.edge(row, number)


def absent(row: Row, number: int) -> bytes:
    """Nothing, as the device says it."""
    if row["data_type"] == "string":
        return bytes(2 * int(row["words"]))
    return bytes.fromhex(ABSENT.get(row["data_type"], "")) or typical(row, number)


def plugin_rows(name: str, file: str) -> list[dict[str, str]]:
    path = ROOT / "plugins" / name.replace(".", "/") / file
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def blocks(name: str, family: Family, rows: list[Row]) -> Iterator[Read]:
    for channel in plugin_rows(name, "channels.csv"):
        first, count = int(channel["first"]), int(channel["count"])
        inside = [
            row
            for row in rows
            if row["scope"] == channel["table"] and first <= int(row["address"]) < first + count
        ]
        yield Read(
            channel["channel"],
            first,
            (count,),
            inside,
            unit=family.unit,
            computed=family.computed,
            tcp=family.tcp,
            asked=4 if inside[0]["table"] == "input" else 3,
            silent=frozenset(row["point"] for row in inside if family.silent(row)),
        )


def frames(read: Read) -> Iterator[str]:
    """A typical answer, one of edges, and one without values where the device knows that."""
    for make in (typical, edge, absent) if read.silent else (typical, edge):
        yield read.good(read.body(make, {}, max(read.counts)))
    yield from read.bad_frames()


def command_vectors(family: Family, rows: list[Row]) -> Iterator[str]:
    """Raw numbers as a request, and what people call them."""
    known = {row["point"]: row for row in rows}
    for name, function, points, *cases in family.commands:
        keys = [point.removeprefix("=") for point in points.split()]
        for raws in cases:
            data = [packed(known[key], raw) for key, raw in zip(keys, raws, strict=True)]
            asked: dict[str, Any] = {
                key: register_answers.value(known[key], raw)
                for key, raw, point in zip(keys, data, points.split(), strict=True)
                if not point.startswith("=")
            }
            address = int(known[keys[0]]["address"])
            request = written(address, b"".join(data), function=function, unit=family.unit)
            if family.tcp:
                request = struct.pack(">HHH", 1, 0, len(request) - 2) + request[:-2]
            yield of_variant(family, keys[0], command(name, request, **asked))


def of_variant(family: Family, name: str, text: str) -> str:
    """The vector as one of the variant that the name of a channel or key belongs to."""
    for beginning, variant in family.variants.items():
        if name.startswith(beginning):
            said = 'origin = "derived"'
            return text.replace(said, f'{said}\nvariant = "{variant}"', 1)
    return text


def main() -> None:
    about = "Made by tools/derive_vectors/large_tables.py from the fact tables."
    register_answers.CODES.update(LONG)
    for name in sys.argv[1:] or FAMILIES:
        family = FAMILIES[name]
        rows = [made for row in fact_rows(family.facts) for made in family.departures(row)]
        rows += family.added
        for read in blocks(name, family, rows):
            texts = [of_variant(family, read.channel, text) for text in frames(read)]
            write(name, read.channel, about, texts)
        if requests := list(command_vectors(family, rows)):
            write(name, "commands", about, requests)
        if raised := list(family.faults()):
            write(name, "faults", about, raised)


if __name__ == "__main__":
    main()
