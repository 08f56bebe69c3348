"""Vectors of meters/eastron_sdm630: answers to function 4, packed by hand from the fact table.

The library sdm_modbus reads the same in the good frames; eastron_sdm630_library.py asks it.
"""

import csv
import struct
from collections.abc import Callable

from vector_toml import FACTS, entry, spaced, write

PLUGIN = "meters.eastron_sdm630"
CHANNELS = {"measurements": (0, 80), "distortion": (234, 16), "energy": (342, 40)}
TYPICAL = {
    "V": 230.25, "A": 4.5, "W": 1024.5, "VA": 1100.25, "var": -87.5, "": -0.9375, "deg": 21.5,
    "Hz": 50.03125, "kWh": 12345.5, "kvarh": 678.25, "%": 2.25,
}  # fmt: skip
Row = dict[str, str]


def rows(first: int, count: int) -> list[Row]:
    with (FACTS / "registers/meter_eastron_sdm630.csv").open(encoding="utf-8", newline="") as lines:
        found = csv.DictReader(lines)
        return [row for row in found if first <= int(row["address"]) < first + count]


def typical(row: Row, number: int) -> float:
    """A plausible value that a 32-bit float says exactly, unlike its neighbours."""
    value = TYPICAL[row["unit"]]
    return value + number / (64 if row["unit"] in ("", "Hz", "%") else 4)


def edge(_row: Row, number: int) -> float:
    """Negative, and with four unlike bytes."""
    bits = 0xC1020304 + 0x01112233 * number % 0x02000000
    value: float = struct.unpack(">f", struct.pack(">I", bits))[0]
    return value


def crc(frame: bytes) -> bytes:
    register = 0xFFFF
    for byte in frame:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return struct.pack("<H", register)


def answer(body: bytes, function: int = 4) -> bytes:
    frame = struct.pack("BBB", 1, function, len(body)) + body
    return frame + crc(frame)


def body_of(channel: str, values: dict[str, float]) -> bytes:
    first, count = CHANNELS[channel]
    body = bytearray(2 * count)
    for row in rows(first, count):
        at = 2 * (int(row["address"]) - first)
        struct.pack_into(">f", body, at, values.get(row["point"], float("nan")))
    return bytes(body)


def good(channel: str, values: dict[str, float]) -> str:
    return entry(
        "frame", values, channel=channel, origin="library", source="nmakel_sdm_modbus",
        hex=spaced(answer(body_of(channel, values))),
    )  # fmt: skip


def made(channel: str, make: Callable[[Row, int], float]) -> dict[str, float]:
    return {row["point"]: make(row, n) for n, row in enumerate(rows(*CHANNELS[channel]))}


def bad(channel: str, data: bytes, offset: int, reason: str) -> str:
    return entry(
        "bad_frame", channel=channel, origin="derived", hex=spaced(data), datapoint="frame",
        offset=offset, reason=reason,
    )  # fmt: skip


def main() -> None:
    frames: list[str] = []
    broken: list[str] = []
    for channel in CHANNELS:
        values = made(channel, typical)
        body = body_of(channel, values)
        frame = answer(body)
        frames += [good(channel, values), good(channel, made(channel, edge))]
        broken += [
            bad(channel, frame[:-1] + bytes((frame[-1] ^ 1,)), len(frame) - 2, "CRC"),
            bad(channel, frame[:-4], 2, "holds"),
            bad(channel, answer(body, function=3), 1, "expected 4"),
            bad(channel, answer(body + b"\0\0"), len(frame) - 2, "long"),
            bad(channel, b"\x01\x84\x02" + crc(b"\x01\x84\x02"), 2, "illegal data address"),
        ]
    frames.append(good("distortion", {"thd_voltage_l1": 1.5}))
    write(PLUGIN, "library", "Packed by tools/derive_vectors, read by sdm_modbus 0.7.0.", frames)
    write(PLUGIN, "derived", "Made by tools/derive_vectors/eastron_sdm630.py.", broken)


if __name__ == "__main__":
    main()
