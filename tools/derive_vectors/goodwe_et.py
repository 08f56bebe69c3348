"""Makes the vectors of `inverters.goodwe_et`: `python tools/derive_vectors/goodwe_et.py`.

Frames follow from the fact tables by `struct` alone, and nothing of the engine is used here: a
layout cannot prove itself.
"""

import csv
import struct
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from vector_toml import FACTS, entry, faults, spaced, write

Row = Mapping[str, str]
Value = int | float | str
Values = dict[str, Value]

PLUGIN = "inverters.goodwe_et"

BLOCKS = {
    "device_info": (35000, 33),
    "running": (35100, 125),
    "battery2_running": (35262, 6),
    "mppt": (35301, 61, 64),
    "meter": (36000, 45, 58, 125),
    "battery": (37000, 24),
    "battery2": (39000, 22),
    "communication_settings": (45127, 7),
    "general_settings": (45200, 89),
    "battery_settings": (45350, 9),
    "power_factor_setting": (45482, 1),
    "mode_settings": (47000, 121),
    "ems_settings": (47500, 31, 104, 113),
    "soc_setting": (47760, 1),
    "bms": (47900, 36),
}
"""Channel: first register, then the numbers of registers that an answer may have."""

DEVICE_INFO = """
35000 uint16 modbus_version    35001 uint16 rated_power      35002 uint16 ac_output_type
35003 8      serial_number     35011 5      model_name       35016 uint16 dsp1_version
35017 uint16 dsp2_version      35018 uint16 dsp_svn_version  35019 uint16 arm_version
35020 uint16 arm_svn_version   35021 6      firmware         35027 6      arm_firmware
"""
"""The block that the fact table leaves out: address, type (texts: their registers), key."""

CODES = {
    "uint16": "H",
    "int16": "h",
    "uint32": "I",
    "int32": "i",
    "bitfield32": "I",
    "uint64": "Q",
    "float32": "f",
    "uint8_high": "B",
    "uint8_low": "B",
    "int8_high": "b",
    "int8_low": "b",
}

TYPICAL = {"V": 2300, "A": 100, "Hz": 5000, "degC": 310, "%": 60, "kWh": 52_000, "W": 1500}
"""A raw number that a healthy device may send, by unit; the row's number is added to it."""

ABSENT = ("uint16", "uint32", "uint64", "bitfield32", "float32")
"""Types in which all ones mean that there is no value; a float of ones is not a number."""

FAULTS = {
    "errors": ("goodwe_error_codes", ""),
    "battery_error": ("goodwe_bms_alarm_codes", "battery1_"),
    "battery_warning": ("goodwe_bms_warning_codes", "battery1_"),
    "battery2_error": ("goodwe_bms_alarm_codes", "battery2_"),
    "battery2_warning": ("goodwe_bms_warning_codes", "battery2_"),
}
"""Word: the table of its bits, and what our codes begin with."""

COMMANDS: tuple[tuple[str, Mapping[str, int]], ...] = (
    ("set_grid_export_limit", {"grid_export": 1, "grid_export_limit": 5000}),
    ("set_grid_export_limit", {"grid_export": 1, "grid_export_limit": 40_000}),
    ("lift_grid_export_limit", {"grid_export": 0}),
    ("set_work_mode", {"work_mode_setting": 2}),
    ("set_ems_mode", {"ems_mode": 11, "ems_power_limit": 3000}),
    ("set_ems_mode", {"ems_mode": 4, "ems_power_limit": 40_000}),
    ("set_battery_discharge_depth", {"battery_discharge_depth": 20}),
)
"""Name and the registers it writes, in their order; `grid_export` is never asked for."""


def table(path: str) -> list[Row]:
    with (FACTS / path).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def device_info() -> Iterator[Row]:
    words = DEVICE_INFO.split()
    for address, kind, point in zip(words[::3], words[1::3], words[2::3], strict=True):
        row = {"address": address, "point": point, "unit": "", "scale": "1", "enum": ""}
        text = kind.isdigit()
        yield row | ({"data_type": "string", "words": kind} if text else {"data_type": kind})


ROWS = [*device_info(), *table("registers/goodwe_et.csv")]


def rows_of(channel: str) -> list[Row]:
    first, *counts = BLOCKS[channel]
    return [row for row in ROWS if first <= int(row["address"]) < first + counts[-1]]


def place(row: Row, first: int) -> slice:
    """The bytes of a row in a block that begins at register `first`."""
    start = 2 * (int(row["address"]) - first) + row["data_type"].endswith("_low")
    code = CODES.get(row["data_type"])
    return slice(start, start + (struct.calcsize(code) if code else 2 * int(row["words"])))


def typical(row: Row, number: int) -> bytes:
    """Raw bytes as a healthy device may send them; text and time too."""
    kind = row["data_type"]
    if kind == "string":
        return row["point"].upper()[:8].encode().ljust(2 * int(row["words"]))
    if kind == "datetime":
        return bytes((24, 2, 29, 23, 58, number % 60))
    raw = TYPICAL.get(row["unit"], 1) + number % 30
    if kind.endswith(("_high", "_low")):
        raw = number % 3
    elif row["scale"] == "0.001" and row["unit"] == "V":
        raw += 1000
    elif "_day" in row["point"]:
        raw //= 500
    minus = kind in ("int16", "int32") and row["unit"] != "degC"
    return struct.pack(f">{CODES[kind]}", -raw if minus else raw)


def edge(row: Row, number: int) -> bytes:
    """Raw bytes with the top bit set, every word another one, no row like its neighbour."""
    kind = row["data_type"]
    if kind == "string":
        return typical(row, number).replace(b" ", b"#")
    if kind == "datetime":
        return bytes((99, 12, 31, 23, 59, 59))
    if kind == "float32":
        return struct.pack(">f", -1234.5 - number)
    if kind == "uint64":  # that a float of hundredths can say exactly
        return struct.pack(">Q", (930 + number) * 10**16)
    if CODES[kind] in "Bb":
        return bytes((0x81 + number % 64,))
    words = range(struct.calcsize(CODES[kind]) // 2)
    return b"".join(struct.pack(">H", (0x8101 >> n) + 7 * number) for n in words)


def absent(row: Row, number: int) -> bytes:
    """What an answer holds where the device has no such value; else a typical value."""
    size: int = place(row, 0).stop - place(row, 0).start
    if row["data_type"] in ABSENT:
        return b"\xff" * size
    if row["data_type"] not in CODES:
        return bytes(size)
    return b"\x7f\xff" if row["unit"] == "degC" else typical(row, number)


def block(channel: str, count: int, said: Mapping[str, bytes]) -> bytes:
    """The registers of a channel; rows in the same bytes share what the first of them says."""
    first = BLOCKS[channel][0]
    data, taken = bytearray(2 * BLOCKS[channel][-1]), bytearray(2 * BLOCKS[channel][-1])
    for row in rows_of(channel):
        where = place(row, first)
        if not any(taken[where]):
            data[where] = said[row["point"]]
            taken[where] = b"\xff" * (where.stop - where.start)
    return bytes(data[: 2 * count])


def value(row: Row, raw: bytes) -> Value | None:
    """What the bytes of a row mean; None where they say that there is no value."""
    kind = row["data_type"]
    if kind == "string":
        return raw.split(b"\0")[0].decode().rstrip() or None
    if kind == "datetime":
        date, time = "-".join(f"{n:02}" for n in raw[:3]), ":".join(f"{n:02}" for n in raw[3:])
        return f"20{date}T{time}" if any(raw) else None
    number = struct.unpack(f">{CODES[kind]}", raw)[0]
    if kind in ABSENT and set(raw) == {0xFF}:
        return None
    if row["unit"] == "degC" and number in (-1, 0x7FFF):
        return None
    return int(number) if row["scale"] == "1" else float(Fraction(number) * Fraction(row["scale"]))


def values_of(channel: str, body: bytes) -> Values:
    first, found = BLOCKS[channel][0], Values()
    for row in rows_of(channel):
        raw = body[place(row, first)]
        if place(row, first).stop <= len(body) and (said := value(row, raw)) is not None:
            found[row["point"]] = said
    return found | computed(found)


def computed(said: Mapping[str, Value]) -> Values:
    """What follows from the values of one answer."""
    known = {key: n for key, n in said.items() if not isinstance(n, str)}
    found = Values()
    if strings := [known[f"ppv{n}"] for n in range(1, 5) if f"ppv{n}" in known]:
        found["ppv"] = sum(strings)
        if "active_power" in known:
            found["house_consumption"] = sum(strings) + known["pbattery1"] - known["active_power"]
    if (power := known.get("active_power")) is not None:
        direction = 1 if power >= 90 else 2 if power < -90 else 0
        found |= {"grid_in_out": direction, "grid_in_out_label": direction}
    for word in FAULTS:
        if f"{word}_h" in known and f"{word}_l" in known:
            found[word] = int(known[f"{word}_h"]) * 0x10000 + int(known[f"{word}_l"])
    for energy in ("meter_e_total_exp", "meter_e_total_imp"):
        if energy not in known and f"{energy}_float" in known:
            found[energy] = known[f"{energy}_float"]
    return found


def crc(data: bytes) -> bytes:
    """Modbus: polynomial 0xA001, from 0xFFFF, low byte first."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ 0xA001 * (register & 1)
    return struct.pack("<H", register)


def answer(body: bytes) -> bytes:
    frame = b"\xf7\x03" + bytes((len(body),)) + body
    return b"\xaa\x55" + frame + crc(frame)


def request(address: int, numbers: Sequence[int]) -> bytes:
    """One register is written by function 6, several by function 16, as the library does."""
    if len(numbers) == 1:
        frame = struct.pack(">BBHH", 0xF7, 6, address, *numbers)
        return frame + crc(frame)
    frame = struct.pack(">BBHHB", 0xF7, 16, address, len(numbers), 2 * len(numbers))
    frame += struct.pack(f">{len(numbers)}H", *numbers)
    return frame + crc(frame)


def frames(channel: str) -> Iterator[str]:
    """A typical answer of each length; of the longest also one of edges and one without values."""
    *shorter, longest = BLOCKS[channel][1:]
    rows = list(enumerate(rows_of(channel)))
    for make in (typical, edge, absent):
        said = {row["point"]: make(row, n) for n, row in rows}
        for count in (*shorter, longest) if make is typical else (longest,):
            body = block(channel, count, said)
            facts: dict[str, Any] = {"channel": channel, "origin": "derived"}
            yield entry("frame", values_of(channel, body), **facts, hex=spaced(answer(body)))


def bad_frames(channel: str) -> Iterator[str]:
    first, count = BLOCKS[channel][:2]
    rows = rows_of(channel)
    body = block(channel, count, {row["point"]: typical(row, n) for n, row in enumerate(rows)})
    good, cut, refusal = answer(body), body[:-2], b"\xf7\x83\x02"
    beyond = (row["point"] for row in rows if place(row, first).stop > len(cut))
    for data, datapoint, offset, reason in (
        (good[:-1] + bytes((good[-1] ^ 0x10,)), "frame", len(good) - 2, "CRC"),
        (b"\xaa\x54" + good[2:], "frame", 0, "begin with aa 55"),
        (good[:-1], "frame", 4, "holds"),
        (good + b"\0", "frame", 4, "holds"),
        (b"\xaa\x55" + refusal + crc(refusal), "frame", 4, "exception 2"),
        (answer(cut), next(beyond, "frame"), 5 + len(cut), "expected"),
    ):
        facts: dict[str, Any] = {"channel": channel, "origin": "derived", "hex": spaced(data)}
        facts |= {"datapoint": datapoint, "offset": offset, "reason": reason}
        yield entry("bad_frame", **facts)


def fault_vectors() -> Iterator[str]:
    bits = table("bitfields.csv")
    for word, (name, prefix) in FAULTS.items():
        codes = {int(r["bit"]): prefix + r["symbol"] for r in bits if r["bitfield"] == name}
        yield from faults(word, codes, bits=True)
        unpublished = sum(1 << bit for bit in range(32) if bit not in codes)
        yield entry("fault", {word: unpublished}, origin="derived", raises=())


def command_vectors() -> Iterator[str]:
    addresses = {row["point"]: int(row["address"]) for row in ROWS}
    for command, said in COMMANDS:
        data = request(addresses[next(iter(said))], list(said.values()))
        asked = {key: number for key, number in said.items() if key != "grid_export"}
        told: dict[str, Any] = {"command": command, "origin": "derived", "parameters": asked}
        yield entry("command", **told, hex=spaced(data))


def main() -> None:
    about = "Made by tools/derive_vectors/goodwe_et.py from the fact tables."
    for channel in BLOCKS:
        write(PLUGIN, channel, about, [*frames(channel), *bad_frames(channel)])
    write(PLUGIN, "faults", about, list(fault_vectors()))
    write(PLUGIN, "commands", about, list(command_vectors()))


if __name__ == "__main__":
    main()
