"""Records of a Linux CAN socket, packed and read by hand from the fact table of CAN signals."""

import csv
import struct
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from vector_toml import FACTS, entry, spaced

CODES = {"uint16": "H", "int16": "h", "uint8": "B", "enum8": "B"}
EXTENDED = 0x8000_0000
Frames = Mapping[int, str]
"""Identifier: the data bytes in hex."""
Row = Mapping[str, str]


def signals(protocol: str, **changes: Mapping[str, str]) -> list[Row]:
    """The rows of a protocol, with other cells for some points."""
    with (FACTS / "can/battery_can_frames.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["protocol"] == protocol]
    return [{**row, **changes.get(row["point"], {})} for row in rows]


def record(identifier: int, data: bytes, length: int | None = None) -> bytes:
    """A `struct can_frame`: identifier, length, three bytes of padding, eight of data."""
    tag = identifier | (EXTENDED if identifier > 0x7FF else 0)
    return struct.pack("<IB3x8s", tag, len(data) if length is None else length, data)


def payload(frames: Frames) -> bytes:
    return b"".join(record(tag, bytes.fromhex(text)) for tag, text in frames.items())


def values(rows: list[Row], frames: Frames, mask: int = 0x7FFF_FFFF) -> dict[str, Any]:
    """What the frames mean; `mask` takes bits of an identifier out of account."""
    bodies = {tag & mask: bytes.fromhex(text) for tag, text in frames.items()}
    said: dict[str, Any] = {}
    for row in rows:
        if (body := bodies.get(int(row["can_id"], 16))) is None:
            continue
        start, length = int(row["byte_offset"]), int(row["length"])
        part = body[start : start + length]
        if row["data_type"] == "ascii":
            said[row["point"]] = part.split(b"\0")[0].decode("ascii").rstrip()
            continue
        order = "<" if row["byte_order"] == "little" else ">"
        (raw,) = struct.unpack(order + CODES[row["data_type"]], part)
        number = raw * Fraction(row["scale"]) + Fraction(row["offset"])
        said[row["point"]] = int(number) if row["scale"] == "1" else float(number)
    return said


def good(said: Mapping[str, Any], frames: Frames) -> str:
    return entry("frame", said, channel="can", origin="derived", hex=spaced(payload(frames)))


def bad(data: bytes, offset: int, reason: str, datapoint: str = "frame") -> str:
    facts: dict[str, Any] = {"channel": "can", "origin": "derived", "hex": spaced(data)}
    return entry("bad_frame", **facts, datapoint=datapoint, offset=offset, reason=reason)


def bad_frames(identifier: int, data: bytes, first: str, other: int) -> list[str]:
    """Cut, with a tail, too long, too short, and a record that nobody declared."""
    whole = record(identifier, data)
    return [
        bad(whole[:11], 8, "too many"),
        bad(whole + b"\x56\x03", 16, "no record header"),
        bad(record(identifier, data, length=9), 8, "announces 9 bytes"),
        bad(record(identifier, data[:1]), 9, "ends after 1 bytes", first),
        bad(record(other, bytes(8)), 0, "none of the declared records"),
    ]
