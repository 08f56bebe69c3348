"""Makes the vectors of the Modbus meters: `python tools/derive_vectors/meters.py [NAME]...`.

Frames follow from the fact tables by `struct` alone; nothing of the engine is used here. Where the
plugins depart from the tables, with reasons in their docstrings, `corrected` does so again.
"""

import csv
import struct
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from vector_toml import FACTS, entry, spaced, write

Row = dict[str, str]
Raw = int | float
Values = dict[str, Raw]

SDM_1P = {"measurements": (0, 80), "totals": (342, 4)}
UMG = {"measurements": (1317, 56), "energy": (9851, 14)}
DZG_COUNTERS = {
    f"energy_{way}{phase}": (page + 0x20 * n, 2)
    for way, page in (("import", 0x4000), ("export", 0x4100))
    for n, phase in enumerate(("", "_l1", "_l2", "_l3"))
}

CHANNELS: dict[str, dict[str, tuple[int, int]]] = {
    "abb_b_series": {
        "energy": (0x5000, 8),
        "energy_phases": (0x5460, 24),
        "measurements": (0x5B00, 62),
    },
    "be_mpm3pm": {"measurements": (0, 46)},
    "bg_etech_ds100": {
        "energy": (0x010E, 22),
        "measurements": (0x0400, 58),
        "energy_l1": (0x0500, 22),
        "energy_l2": (0x0564, 22),
        "energy_l3": (0x05C8, 22),
        "energy_export": (0x118A, 2),
    },
    "bg_etech_ws100": {"measurements": (0x0100, 36)},
    "carlo_gavazzi_em24": {"measurements": (0, 56), "energy": (0x42, 28)},
    "carlo_gavazzi_em3x0": {"measurements": (0, 52), "energy": (0x34, 28)},
    "chint_dtsu666": {"energy": (0x101E, 18), "measurements": (0x2006, 64)},
    "dzg_dvh4013": {"measurements": (0, 20), **DZG_COUNTERS},
    "eastron_sdm120": SDM_1P,
    "eastron_sdm220": SDM_1P,
    "eastron_sdm230": SDM_1P,
    "eastron_sdm54": {
        "measurements": (0, 76),
        "distortion": (234, 16),
        "energy": (342, 22),
        "tariffs": (4876, 44),
    },
    "eastron_sdm72": {"measurements": (52, 24), "totals": (342, 2)},
    "eastron_sdm72v2": {"measurements": (0, 76), "totals": (342, 4)},
    "finder_7m38": {"measurements": (2500, 100), "energy": (2752, 8)},
    "inepro_pro": {"measurements": (0x5000, 50), "energy": (0x6000, 72)},
    "janitza_b_series": {"measurements": (19000, 78)},
    "janitza_umg104": {**UMG, "device": (1439, 24)},
    "janitza_umg511": {
        "phases": (3845, 30),
        "sums": (3925, 4),
        "frequency": (3995, 2),
        "energy": (19068, 10),
    },
    "janitza_umg604": {**UMG, "frequency": (1439, 2)},
    "janitza_umg806": {"measurements": (19000, 52), "energy": (19062, 10)},
    "janitza_umg96rme": {"measurements": (19000, 52), "energy": (19068, 10)},
    "lovato_dmg610": {
        "measurements": (1, 88),
        "energy": (0x1B1F, 16),
        "energy_l1": (0x1E1F, 8),
        "energy_l2": (0x1E47, 8),
        "energy_l3": (0x1E6F, 8),
    },
    "orno_we514": {
        "measurements": (0x0130, 41),
        "energy": (0xA000, 2),
        "reactive_energy": (0xA01E, 2),
    },
    "orno_we516": {"measurements": (0x000E, 46), "energy": (0x0100, 72)},
    "saia_ale3": {"measurements": (35, 17)},
    "schneider_iem3000": {
        "measurements": (2999, 78),
        "frequency": (3109, 2),
        "energy": (3203, 24),
        "energy_phases": (3517, 12),
    },
    "siemens_pac2200": {"measurements": (1, 70), "energy": (801, 12)},
}
"""Meter: its channels, each the first register and number of registers of one read."""

TABLES = {
    "orno_we514": ("orno_we504",),
    "siemens_pac2200": ("siemens_pac2200", "siemens_pac2200_openems"),
}
"""Fact tables of meters that have not exactly one of their own name."""

CODES = {
    "uint16": "H",
    "int16": "h",
    "uint32": "I",
    "int32": "i",
    "uint64": "Q",
    "int64": "q",
    "float32": "f",
    "float64": "d",
}

TYPICAL = {
    "V": 230,
    "A": 4.5,
    "W": 1250,
    "kW": 1.25,
    "VA": 1300,
    "var": 120,
    "kvar": 0.12,
    "": 0.875,
    "deg": 21,
    "degC": 31,
    "Hz": 50,
    "%": 2.5,
    "kWh": 12_345,
    "kvarh": 678,
    "Wh": 12_345_000,
}
"""What a healthy meter may measure, by unit."""


def table(meter: str) -> list[Row]:
    """The rows of a meter; of a second fact table only what the first does not have."""
    rows: dict[str, Row] = {}
    for name in TABLES.get(meter, (meter,)):
        path = FACTS / f"registers/meter_{name}.csv"
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                rows.setdefault(row["point"], corrected(meter, row))
    return sorted(rows.values(), key=lambda row: int(row["address"]))


def corrected(meter: str, row: Row) -> Row:
    """The row as the plugin has it."""
    if meter == "saia_ale3":  # counted from 1; power in hundredths of kW
        unit = {"W": "kW", "var": "kvar"}.get(row["unit"], row["unit"])
        return row | {"address": str(int(row["address"]) - 1), "unit": unit}
    if meter == "siemens_pac2200":
        table = {"table": "input"}  # the second table reads the same registers by function 3
        return row | table | ({"scale": "0.001"} if row["unit"] == "kWh" else {})
    if row["point"] in ("rotation_field", "internal_temperature"):
        return row | {"scale": "1"}
    return row


def typical(row: Row, number: int) -> Raw:
    """A raw number as a healthy meter may send it."""
    raw = TYPICAL[row["unit"]] / float(row["scale"])
    if is_float(row):
        return raw + number % 8 / 64
    return round(raw) + number % 8


def edge(row: Row, number: int) -> Raw:
    """A raw number with the top bit set, every word another one, no row like its neighbour."""
    code = CODES[row["data_type"]]
    if code == "d":
        return -1_234_500.0 - 16 * number
    if code == "f":
        return unpacked("f", struct.pack(">I", 0xC1020304 + 0x110207 * number))
    if code in "Qq":  # that a float of hundredths can say exactly
        return (930 + number) * 10**16 if code == "Q" else -(123 + number) * 10**16
    words = range(struct.calcsize(code) // 2)
    data = b"".join(struct.pack(">H", (0x8101 >> n) + 7 * number) for n in words)
    return unpacked(code, data)


def absent(row: Row, _number: int) -> Raw:
    """What an ABB meter sends for a value that it does not have: ones, or the highest number."""
    code = CODES[row["data_type"]]
    bits = 8 * struct.calcsize(code)
    return (1 << bits - code.islower()) - 1


def is_float(row: Row) -> bool:
    return row["data_type"].startswith("float")


def unpacked(code: str, data: bytes) -> Raw:
    raw: Raw = struct.unpack(f">{code}", data)[0]
    return raw


def packed(row: Row, raw: Raw) -> bytes:
    data = struct.pack(f">{CODES[row['data_type']]}", raw)
    if row["word_order"] == "little":
        return b"".join(data[n : n + 2] for n in range(len(data) - 2, -1, -2))
    return data


def value(row: Row, raw: Raw) -> Raw:
    """What a raw number means, exactly; of a float as many digits as it has."""
    exact = unpacked("f", struct.pack(">f", raw)) if row["data_type"] == "float32" else raw
    scaled = Fraction(exact) * Fraction(row["scale"])
    return int(scaled) if row["scale"] == "1" and not is_float(row) else float(scaled)


def crc(data: bytes) -> bytes:
    """Modbus: polynomial 0xA001, from 0xFFFF, low byte first."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ 0xA001 * (register & 1)
    return struct.pack("<H", register)


def answer(function: int, body: bytes) -> bytes:
    frame = bytes((1, function, len(body))) + body
    return frame + crc(frame)


def place(row: Row, first: int) -> slice:
    """The bytes of a row in a block that begins at register `first`."""
    start = 2 * (int(row["address"]) - first)
    return slice(start, start + 2 * int(row["words"]))


def block(rows: list[Row], first: int, count: int, raws: dict[str, Raw]) -> bytes:
    body = bytearray(2 * count)
    for row in rows:
        body[place(row, first)] = packed(row, raws[row["point"]])
    return bytes(body)


def frames(meter: str, channel: str, rows: list[Row]) -> Iterator[str]:
    """A typical answer and one of edges; of ABB also one in which nothing has a value."""
    first, count = CHANNELS[meter][channel]
    for make in (typical, edge, absent) if meter == "abb_b_series" else (typical, edge):
        raws = {row["point"]: make(row, n) for n, row in enumerate(rows)}
        said = {} if make is absent else {r["point"]: value(r, raws[r["point"]]) for r in rows}
        if "power_export" in said:
            said["power"] = said["power_import"] - said["power_export"]
        data = answer(function_of(rows), block(rows, first, count, raws))
        yield entry("frame", said, channel=channel, origin="derived", hex=spaced(data))


def bad_frames(meter: str, channel: str, rows: list[Row]) -> Iterator[str]:
    first, count = CHANNELS[meter][channel]
    raws = {row["point"]: typical(row, n) for n, row in enumerate(rows)}
    function, body = function_of(rows), block(rows, first, count, raws)
    good, cut, refusal = answer(function, body), body[:-2], bytes((1, 0x80 | function, 2))
    beyond = next(row["point"] for row in rows if place(row, first).stop > len(cut))
    for data, datapoint, offset, reason in (
        (good[:-1] + bytes((good[-1] ^ 0x10,)), "frame", len(good) - 2, "CRC"),
        (good[:-1], "frame", 2, "holds"),
        (answer(function, cut), beyond, 3 + len(cut), "expected"),
        (answer(function, body + b"\0\0"), "frame", 3 + len(body), "expected"),
        (answer(7 - function, body), "frame", 1, f"expected {function}"),
        (refusal + crc(refusal), "frame", 2, "exception 2"),
    ):
        facts: dict[str, Any] = {"channel": channel, "origin": "derived", "hex": spaced(data)}
        yield entry("bad_frame", **facts, datapoint=datapoint, offset=offset, reason=reason)


def function_of(rows: list[Row]) -> int:
    return 4 if rows[0]["table"] == "input" else 3


def main() -> None:
    makers: tuple[Callable[[str, str, list[Row]], Iterator[str]], ...] = (frames, bad_frames)
    for meter in sys.argv[1:] or CHANNELS:
        rows, entries = table(meter), list[str]()
        for channel, (first, count) in CHANNELS[meter].items():
            own = [row for row in rows if first <= int(row["address"]) < first + count]
            entries += [text for make in makers for text in make(meter, channel, own)]
        about = f"Made by tools/derive_vectors/meters.py from the fact table of {meter}."
        write(f"meters.{meter}", "derived", about, entries)


if __name__ == "__main__":
    main()
