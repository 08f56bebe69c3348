"""Vectors of batteries/pylontech_lv_can: frames packed by hand from the fact table.

The captured frames are those that the owner of two stacks of US5000 printed (see the plugin's
source `setfirelabs`); what they say is worked out here from the fact table too.
"""

import csv
import struct
from fractions import Fraction

from vector_toml import FACTS, entry, faults, spaced, write

PLUGIN = "batteries.pylontech_lv_can"
CODES = {"uint16": "<H", "int16": "<h", "uint8": "B", "bitfield8": "B"}
REQUESTS = {
    "charge_enable": 7,
    "discharge_enable": 6,
    "charge_immediately_1": 5,
    "charge_immediately_2": 4,
    "full_charge_request": 3,
}
FLAGS_1 = {
    1: "over_voltage",
    2: "under_voltage",
    3: "over_temperature",
    4: "under_temperature",
    7: "discharge_over_current",
}

V1_2 = {
    0x351: "14 02 C0 12 C0 12 C2 01",
    0x355: "58 00 5E 00",
    0x356: "7A 13 F2 FE 6B 01",
    0x359: "00 00 00 00 06 50 4E",
    0x35C: "C0 00",
    0x35E: "50 59 4C 4F 4E 20 20 20",
}
V1_3 = {
    0x351: "10 02 C0 12 C0 12 C2 01",
    0x355: "54 00 60 00 00 00",
    0x356: "7B 13 E9 FE 6B 01",
    0x35A: "00 00 00 00 00 00 00 00",
    0x35E: "50 59 4C 4F 4E 20 20 20",
    0x35F: "4C 49 01 03 3C 02 AA 00",
}
EDGES = {
    0x351: "34 D2 78 96 BC AB F0 DE",
    0x355: "23 F1 45 E2",
    0x356: "12 E4 56 C8 9A F7",
    0x359: "9C 89 96 81 A5 50 4E",
    0x35C: "A8",
    0x35E: "41 42 43 44 45 46 47 48",
}
IDLE = {**V1_2, 0x351: "14 02 C0 12 C0 12", 0x35C: "50 00"}


def rows() -> list[dict[str, str]]:
    with (FACTS / "can/battery_can_frames.csv").open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["protocol"] == "pylontech_lv_can"]


def record(identifier: int, data: bytes, length: int | None = None) -> bytes:
    """A `struct can_frame`: identifier, length, three bytes of padding, eight of data."""
    return struct.pack("<IB3x8s", identifier, len(data) if length is None else length, data)


def payload(frames: dict[int, str]) -> bytes:
    return b"".join(record(tag, bytes.fromhex(text)) for tag, text in frames.items())


def values(frames: dict[int, str]) -> dict[str, object]:
    said: dict[str, object] = {}
    for row in rows():
        if (tag := int(row["can_id"], 16)) not in frames:
            continue
        start, length = int(row["byte_offset"]), int(row["length"])
        part = bytes.fromhex(frames[tag])[start : start + length]
        if not part:
            continue
        if row["data_type"] == "ascii":
            said[row["point"]] = part.decode("ascii").rstrip()
            continue
        (raw,) = struct.unpack(CODES[row["data_type"]], part)
        scaled = raw * Fraction(row["scale"])
        said[row["point"]] = int(scaled) if row["scale"] == "1" else float(scaled)
    said["battery_power"] = said["battery_voltage"] * said["battery_current"]  # type: ignore[operator]
    if (flags := said.get("charge_request_flags")) is not None:
        said |= {key: int(flags) >> bit & 1 for key, bit in REQUESTS.items()}  # type: ignore[call-overload]
    return said


def good(frames: dict[int, str], origin: str, source: str) -> str:
    return entry(
        "frame", values(frames), channel="can", origin=origin, source=source,
        hex=spaced(payload(frames)),
    )  # fmt: skip


def bad(data: bytes, offset: int, reason: str, datapoint: str = "frame") -> str:
    return entry(
        "bad_frame", channel="can", origin="derived", hex=spaced(data), datapoint=datapoint,
        offset=offset, reason=reason,
    )  # fmt: skip


def main() -> None:
    charge = record(0x351, bytes.fromhex(V1_2[0x351]))
    write(PLUGIN, "captured", "Frames of two stacks of US5000, protocols 1.2 and 1.3.", [
        good(V1_2, "captured", "setfirelabs"),
        good(V1_3, "captured", "setfirelabs"),
    ])  # fmt: skip
    write(PLUGIN, "derived", "Made by tools/derive_vectors/pylontech_lv_can.py.", [
        good(EDGES, "derived", "battery_emulator"),
        good(IDLE, "derived", "battery_emulator"),
        bad(charge[:20][:11], 8, "too many"),
        bad(charge + b"\x56\x03", 16, "no record header"),
        bad(record(0x351, bytes(8), length=9), 8, "announces 9 bytes"),
        bad(record(0x355, b"\x58"), 9, "ends after 1 bytes", "soc"),
        bad(record(0x305, bytes(8)), 0, "none of the declared records"),
        *faults(
            "protection_flags_1", {n: f"{c}_protection" for n, c in FLAGS_1.items()}, bits=True
        ),
        *faults("alarm_flags_1", {n: f"{code}_alarm" for n, code in FLAGS_1.items()}, bits=True),
        *faults(
            "protection_flags_2",
            {0: "charge_over_current_protection", 3: "system_error_protection"},
            bits=True,
        ),
        *faults(
            "alarm_flags_2", {0: "charge_high_current_alarm", 7: "bms_internal_alarm"}, bits=True
        ),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
