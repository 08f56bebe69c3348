"""Makes vectors of hybrid inverters: `python tools/derive_vectors/hybrid_inverters.py [NAME]...`.

Frames follow from the fact tables by `struct` alone; nothing of the engine is used here. What is
read, written and raised per family stands in `hybrid_families.py`. Where a plugin departs from its
fact table, with reasons in its docstring, `hybrid_rows.py` does so again.
"""

import struct
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any

from hybrid_families import FAMILIES
from hybrid_family import Command, Family
from hybrid_rows import Row, departures
from register_answers import fact_rows, with_crc, written
from vector_toml import entry, faults, spaced, write

Registers = dict[int, int]
Values = dict[str, Any]

CODES = {
    "uint16": "H",
    "int16": "h",
    "sunssf": "h",
    "uint32": "I",
    "int32": "i",
    "uint64": "Q",
    "float32": "f",
}
TYPICAL = {
    "V": 230, "A": 12, "W": 1500, "VA": 1520, "var": 90, "kW": 5, "kvar": 1, "kWh": 52,
    "Wh": 52_000, "degC": 31, "Hz": 50, "%": 64, "Ah": 100, "mV/degC": 3, "kohm": 900,
}  # fmt: skip
"""A value that a healthy device may report, by unit; the row's number is added to the raw one."""

ABSENT = {"uint16": "ffff", "int16": "8000", "sunssf": "8000", "uint32": "ffffffff"}
"""SunSpec: what stands where a device has no such value."""


def rows_of(family: Family) -> list[Row]:
    """The rows of a family as its plugin has them; those of a variant are no concern here."""
    rows = chain.from_iterable(departures(row) for row in fact_rows(family.facts))
    return list(chain.from_iterable(family.departures(row) for row in rows))


def places(row: Row) -> list[int]:
    """The registers of a row in the order in which they make up its value, high word first."""
    if row["register_list"]:
        return [int(address) for address in reversed(row["register_list"].split(";"))]
    first = int(row["address"])
    order = list(range(first, first + int(row["words"])))
    return order[::-1] if row["word_order"] == "little" else order


def typical(row: Row, number: int) -> bytes:
    """Raw bytes as a healthy device may send them."""
    kind, size = row["data_type"], 2 * int(row["words"])
    if kind == "string":
        return f"{row['point'].upper()[:6]}{number}".encode()[:size].ljust(size, b"\0")
    if kind == "bytes":
        return bytes((0x10 + number + n) % 0x100 for n in range(size))
    if kind == "datetime":
        return bytes((24, 2, 29, 23, 58, number % 60))
    if kind == "sunssf":
        return struct.pack(">h", -1 - number % 2)
    if kind == "float32":
        return struct.pack(">f", TYPICAL.get(row["unit"], 3) + number / 4)
    value = Fraction(TYPICAL.get(row["unit"], 1)) - Fraction(row["offset"])
    raw = int(value / abs(Fraction(row["scale"]))) + number % 30
    if raw >= 1 << 8 * struct.calcsize(CODES[kind]) - 1:  # a power factor, the voltage of a cell
        raw = 950 + number
    return struct.pack(f">{CODES[kind]}", raw)


def edge(row: Row, number: int) -> bytes:
    """Raw bytes with the top bit set, every word another one, no row like its neighbour."""
    kind, words = row["data_type"], int(row["words"])
    if kind == "string":
        return bytes(0x41 + (5 * number + n) % 26 for n in range(2 * words))
    if kind == "datetime":
        return bytes((99, 12, 31, 23, 59, 59))
    if kind == "sunssf":
        return struct.pack(">h", number % 3)
    if kind == "float32":
        return struct.pack(">f", -1234.5 - number)
    return b"".join(struct.pack(">H", (0x8101 >> n) + 7 * number) for n in range(words))


def silent(row: Row, _number: int) -> bytes:
    """Zeros, beside which the bits of a register stand out."""
    return bytes(2 * int(row["words"]))


def absent(row: Row, _number: int) -> bytes:
    """What SunSpec sends for a value that the device does not have; floats are not a number."""
    if row["point"].startswith("c_"):
        return bytes(2 * int(row["words"]))
    return bytes.fromhex(ABSENT[row["data_type"]])


def block(rows: Sequence[Row], make: Any) -> Registers:
    """Registers as `make` fills them."""
    held: Registers = {}
    for number, row in enumerate(rows, 1):
        if not row["bit_mask"]:
            words = struct.unpack(f">{row['words']}H", make(row, number))
            for place, word in zip(places(row), words, strict=True):
                held.setdefault(place, word)
    masks: dict[int, list[int]] = {}
    for row in rows:
        if row["bit_mask"]:
            masks.setdefault(int(row["address"]), []).append(int(row["bit_mask"], 16))
    for place, bits in masks.items():
        held[place] = BITS[make](bits)
    return held


BITS: Mapping[Any, Callable[[list[int]], int]] = {
    typical: lambda bits: sum(bits[0::2]),
    edge: lambda bits: sum(bits[1::2]) | 0x8000,
    silent: sum,
}
"""The bits of one register: by turns, so that neighbours differ, and all of them."""


def body(registers: Registers, first: int, count: int) -> bytes:
    return struct.pack(f">{count}H", *(registers.get(first + n, 0) for n in range(count)))


def values(rows: Sequence[Row], held: Registers, first: int, count: int, family: Family) -> Values:
    """What the registers mean, as far as they are in the answer."""
    end = first + count
    inside = [row for row in rows if max(places(row)) < end]
    raws = {
        row["point"]: b"".join(struct.pack(">H", held.get(place, 0)) for place in places(row))
        for row in inside
    }
    said = {
        row["point"]: value(row, raws[row["point"]], scale(row, raws, family)) for row in inside
    }
    return said | family.computed(said)


def scale(row: Row, raws: Mapping[str, bytes], family: Family) -> Fraction | None:
    """What a raw number is multiplied by; None where the device says that it has no value."""
    power = family.scaled_by.get(row["point"])
    if power is None:
        return Fraction(row["scale"])
    (exponent,) = struct.unpack(">h", raws[power])
    return None if exponent == -0x8000 else Fraction(10) ** exponent


def value(row: Row, raw: bytes, factor: Fraction | None) -> Any:
    """What the bytes of a row mean; None where they say that there is no value."""
    kind = row["data_type"]
    if kind == "string":
        return raw.split(b"\0")[0].decode("ascii").rstrip() or None
    if kind == "bytes":
        return raw.hex() if any(raw) else None
    if kind == "datetime":
        date, time = "-".join(f"{n:02}" for n in raw[:3]), ":".join(f"{n:02}" for n in raw[3:])
        return f"20{date}T{time}" if any(raw) else None
    (number,) = struct.unpack(f">{CODES[kind]}", raw)
    if factor is None or (row.get("sunspec") and raw.hex() == ABSENT.get(kind)):
        return None
    if kind == "float32":
        return number
    if row["bit_mask"]:
        mask = int(row["bit_mask"], 16)
        number = (number & mask) // (mask & -mask)
    said = number * factor + Fraction(row["offset"])
    return int(said) if said.denominator == 1 else float(said)


def answer(function: int, registers: bytes) -> bytes:
    return with_crc(bytes((1, function, len(registers))) + registers)


def frames(family: Family, channel: str, rows: Sequence[Row], variant: str = "") -> Iterator[str]:
    """A typical answer of each length, one of edges and, of SunSpec, one without values."""
    table, first, *counts = family.blocks[channel]
    makers: list[Any] = [typical, edge]
    if all(row.get("sunspec") for row in rows):
        makers.append(absent)
    if any(row["bit_mask"] for row in rows):
        makers.append(silent)
    for make in makers:
        for count in counts if make is typical else counts[-1:]:
            held = block(rows, make)
            said = values(rows, held, first, count, family)
            data = answer(4 if table == "input" else 3, body(held, first, count))
            yield entry("frame", said, **scope(channel, variant), hex=spaced(data))


def scope(channel: str, variant: str) -> Values:
    named: Values = {"variant": variant} if variant else {}
    return {"channel": channel, "origin": "derived", **named}


def bad_frames(
    family: Family, channel: str, rows: Sequence[Row], variant: str = ""
) -> Iterator[str]:
    """Damaged, cut, of another function, refused by the device, one register short or long."""
    table, first, *counts = family.blocks[channel]
    function, registers = 4 if table == "input" else 3, body(block(rows, typical), first, counts[0])
    good, short = answer(function, registers), registers[:-2]
    long = registers + b"\0\0" * (counts[-1] - counts[0] + 1)
    end = first + len(short) // 2
    beyond = next((row["point"] for row in rows if max(places(row)) >= end), "frame")
    refusal = with_crc(bytes((1, 0x80 | function, 2)))
    for data, datapoint, reason in (
        (good[:-1] + bytes((good[-1] ^ 1,)), "frame", "CRC"),
        (good[:-1], "frame", "holds"),
        (with_crc(bytes((1, 7 - function)) + good[2:-2]), "frame", f"expected {function}"),
        (refusal, "frame", "illegal data address"),
        (answer(function, short), beyond, "expected"),
        (answer(function, long), "frame", "expected"),
    ):
        facts = scope(channel, variant) | {"hex": spaced(data)}
        yield entry("bad_frame", **facts, datapoint=datapoint, reason=reason)


def command_vectors(rows: Sequence[Row], commands: Sequence[Command]) -> Iterator[str]:
    """Raw numbers as a request, and what people call them."""
    known = {row["point"]: row for row in rows if row["table"] == "holding"}
    for name, function, points, *cases in commands:
        for raws in cases:
            data, asked = b"", Values()
            for point, raw in zip(points.split(), raws, strict=True):
                row = known[point.removeprefix("=")]
                packed = struct.pack(f">{CODES[row['data_type']]}", raw)
                data += packed[2:] + packed[:2] if row["word_order"] == "little" else packed
                if not point.startswith("="):
                    asked[point] = value(row, packed, Fraction(row["scale"]))
            first = known[points.split()[0].removeprefix("=")]
            request = written(int(first["address"]), data, function=function)
            facts: Values = {"command": name, "origin": "derived", "parameters": asked}
            yield entry("command", **facts, hex=spaced(request))


def fault_vectors(family: Family) -> Iterator[str]:
    """Every bit of every word of faults alone, and the bits that have no meaning together."""
    for word, size in family.faults.items():
        codes = family.bits(word)
        yield from faults(word, codes, bits=True)
        silent = sum(1 << bit for bit in range(size) if bit not in codes)
        yield entry("fault", {word: silent}, origin="derived", raises=())


def main() -> None:
    for name in sys.argv[1:] or FAMILIES:
        family = FAMILIES[name]
        about = f"Made by tools/derive_vectors/hybrid_inverters.py from the fact tables of {name}."
        rows, plugin = rows_of(family), f"inverters.{name}"
        for channel in family.blocks:
            own = [row for row in rows if family.holds(row, channel)]
            entries = [*frames(family, channel, own), *bad_frames(family, channel, own)]
            if family.variant and any(row["scale_variants"] for row in own):
                second = [{**row, "scale": second_scale(row)} for row in own]
                entries += frames(family, channel, second, family.variant)
                entries += bad_frames(family, channel, second, family.variant)
            write(plugin, channel, about, entries)
        if family.faults:
            write(plugin, "faults", about, list(fault_vectors(family)))
        if family.commands:
            write(plugin, "commands", about, list(command_vectors(rows, family.commands)))


def second_scale(row: Row) -> str:
    return row["scale_variants"].split(";")[1] if row["scale_variants"] else row["scale"]


if __name__ == "__main__":
    main()
