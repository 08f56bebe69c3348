"""Makes the vectors of `inverters.alphaess_smile`: `python tools/derive_vectors/alphaess_smile.py`.

Answers follow from the fact table by `struct` and the Modbus CRC alone; `alphaess_smile_ems.py`
makes the telemetry of the EMS. Nothing of the engine is used: a layout cannot prove itself.
"""

import csv
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from fractions import Fraction
from typing import Any

import alphaess_smile_ems
from alphaess_smile_modbus import UNIT, answer, crc, written
from alphaess_smile_said import COMMANDS, CONSTANTS, READ_ELSEWHERE, TYPICAL, Value
from vector_toml import FACTS, entry, faults, spaced, write

Row = Mapping[str, str]

PLUGIN = "inverters.alphaess_smile"
MADE_BY = "Made by tools/derive_vectors/alphaess_smile.py from the fact tables."

BLOCKS = {
    "grid_meter": (0x0000, 55),
    "pv_meter": (0x0080, 55),
    "battery": (0x0100, 73),
    "inverter": (0x0400, 65, 85),
    "versions": (0x0640, 20, 25),
    "ems": (0x0740, 14, 20),
    "settings": (0x0800, 17, 18),
    "time_control": (0x084F, 11, 19),
    "dispatch": (0x0880, 9, 11, 18),
    "io": (0x08C0, 2),
    "system": (0x08D0, 6),
    "safety": (0x1000, 28, 37),
}
"""Channel: first register, then the numbers of registers that an answer may have."""
VARIANTS = ("", "smile_b3", "smile_b3_plus")

CODES = {"uint16": "H", "int16": "h", "uint32": "I", "int32": "i"}


def table(path: str) -> list[Row]:
    with (FACTS / path).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


REGISTERS = table("registers/alphaess_smile.csv")


def rows_of(channel: str, variant: str) -> list[Row]:
    """The readable rows of a block, those of the variant in place of the rows they correct."""
    first, *counts = BLOCKS[channel]
    inside = [
        row
        for row in REGISTERS
        if first <= int(row["address"]) < first + max(counts) and row["access"] != "wo"
    ]
    corrected = {row["point"]: row for row in inside if row["variant"] == variant}
    return [corrected.get(row["point"], row) for row in inside if not row["variant"]]


def size(row: Row) -> int:
    return 2 * int(row["words"])


def raw_of(row: Row, value: Value) -> bytes:
    """The registers that say a value given in the row's unit."""
    if row["data_type"] == "string":
        return str(value or "").encode().ljust(size(row), b"\0")
    number = (Fraction(str(value)) - Fraction(row["offset"])) / Fraction(row["scale"])
    return struct.pack(f">{CODES[row['data_type']]}", round(number))


def typical(row: Row, _number: int) -> bytes:
    return raw_of(row, TYPICAL.get(row["point"], 0))


def edge(row: Row, number: int) -> bytes:
    """Every word with its top bit set, every one another; texts that fill their registers."""
    if row["data_type"] == "string":
        return "".join(chr(0x41 + (number * 7 + n) % 57) for n in range(size(row))).encode()
    return b"".join(
        struct.pack(">H", 0x8000 | (0x0113 * (number + 1) + 0x2B07 * n) & 0x7FFF)
        for n in range(int(row["words"]))
    )


def value_of(row: Row, raw: bytes) -> Value | None:
    """What the registers of a row say; None where they say that there is no value."""
    if row["data_type"] == "string":
        return raw.split(b"\0")[0].decode().rstrip() or None
    (number,) = struct.unpack(f">{CODES[row['data_type']]}", raw)
    if row["point"] == "soh_battery" and number == 0:
        return None  # a pack whose BMS does not report it
    exact = number * Fraction(row["scale"]) + Fraction(row["offset"])
    whole = row["scale"] == "1" and exact.denominator == 1
    return int(exact) if whole else float(exact)


def computed(said: Mapping[str, Any]) -> dict[str, Value]:
    """What follows from the values of one answer."""
    found: dict[str, Value] = {}
    if "pv1_power" in said:
        found["pv_power_total"] = sum(said[f"pv{n}_power"] for n in range(1, 7))
    words = [said[key] for key in said if key.startswith("ems_sn_byte")]
    text = b"".join(struct.pack(">H", word) for word in words)
    if words and text.isascii() and text.rstrip(b"\0"):
        found["ems_sn"] = text.rstrip(b"\0").decode()
    if "ems_version_low" in said:
        found["ems_version"] = ".".join(
            str(said[f"ems_version_{part}"]) for part in ("high", "middle", "low")
        )
    if "system_time_yymm" in said:
        clock = [said[f"system_time_{pair}"] for pair in ("yymm", "ddhh", "mmss")]
        year, *rest = struct.pack(">3H", *clock)
        with suppress(ValueError):  # a clock that was never set
            found["system_time"] = datetime.fromisoformat(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(2000 + year, *rest)
            ).isoformat()
    return found


def block(channel: str, count: int, said: Mapping[str, bytes], variant: str) -> bytes:
    """The registers of a channel that say these raw bytes by point, zero elsewhere."""
    first, data = BLOCKS[channel][0], bytearray(2 * count)
    for row in rows_of(channel, variant):
        at = 2 * (int(row["address"]) - first)
        if row["point"] in said and at + size(row) <= len(data):
            data[at : at + size(row)] = said[row["point"]]
    return bytes(data)


def values_of(channel: str, body: bytes, variant: str) -> dict[str, Value]:
    first, found = BLOCKS[channel][0], dict[str, Value]()
    for row in rows_of(channel, variant):
        at = 2 * (int(row["address"]) - first)
        if at + size(row) <= len(body):
            value = value_of(row, body[at : at + size(row)])
            if value is not None:
                found[row["point"]] = value
    return found | computed(found)


def frames(channel: str) -> Iterator[str]:
    """Per variant that differs: typical answers of every length, and one of edges."""
    for variant in VARIANTS:
        rows = rows_of(channel, variant)
        if variant and rows == rows_of(channel, ""):
            continue
        counts = BLOCKS[channel][1:]
        for make, count in [(typical, n) for n in counts] + [(edge, counts[-1])]:
            said = {row["point"]: make(row, number) for number, row in enumerate(rows)}
            body = block(channel, count, said, variant)
            yield entry(
                "frame",
                channel=channel,
                origin="derived",
                source="alphaess_modbus_v123_de",
                variant=variant,
                hex=spaced(answer(body)),
                values=values_of(channel, body, variant),
            )


def frames_read_elsewhere(channel: str) -> Iterator[str]:
    for known, variant, origin, source, raws in READ_ELSEWHERE:
        if known != channel:
            continue
        rows = {row["point"]: row for row in rows_of(channel, variant)}
        said = {
            point: struct.pack(f">{CODES[rows[point]['data_type']]}", raw)
            for point, (raw, _) in raws.items()
        }
        values = {point: value for point, (_, value) in raws.items()}
        if channel == "ems":
            values["system_time"] = "2022-09-10T07:27:41"
        yield entry(
            "frame",
            channel=channel,
            origin=origin,
            source=source,
            variant=variant,
            partial=True,
            hex=spaced(answer(block(channel, BLOCKS[channel][1], said, variant))),
            values=values,
        )


def bad_frames(channel: str) -> Iterator[str]:
    """Per variant that differs: a damaged answer, a cut one, a refusal, one register too many."""
    count = BLOCKS[channel][-1]
    for variant in VARIANTS:
        if variant and rows_of(channel, variant) == rows_of(channel, ""):
            continue
        good = answer(bytes(2 * count))
        refusal = bytes((UNIT, 0x83, 2))
        long = answer(bytes(2 * count + 2))
        for data, offset, reason in (
            (good[:-1] + bytes((good[-1] ^ 1,)), len(good) - 2, "CRC"),
            (good[:-3], 2, "announces"),
            (refusal + crc(refusal), 2, "exception 2"),
            (long, 2 * count + 3, "bytes long"),
        ):
            yield entry(
                "bad_frame",
                channel=channel,
                origin="derived",
                variant=variant,
                hex=spaced(data),
                datapoint="frame",
                offset=offset,
                reason=reason,
            )


def raw_numbers(values: Mapping[str, Value]) -> list[int]:
    """The raw numbers of a command's values, by the scales of the fact table."""
    scales = {row["point"]: row for row in REGISTERS if not row["variant"]}
    if "system_time" in values:  # 0xYYMM 0xDDHH 0xmmss
        date, time = str(values["system_time"])[2:].split("T")
        return [int(part) for part in (*date.split("-"), *time.split(":"))]
    return [
        round((Fraction(value) - Fraction(scales[p]["offset"])) / Fraction(scales[p]["scale"]))
        for p, value in values.items()
    ]


def commands() -> Iterator[str]:
    for name, first, form, values in COMMANDS:
        yield entry(
            "command",
            command=name,
            origin="derived",
            source="alphaess_modbus_v123_de",
            parameters={key: v for key, v in values.items() if key not in CONSTANTS},
            hex=spaced(written(first, struct.pack(f">{form}", *raw_numbers(values)))),
        )


def all_faults() -> Iterator[str]:
    """Each bit alone and none; systems whose serial number begins with AL."""
    for point, variant in (("battery_fault", ""), ("system_fault", "serial_prefix_AL")):
        codes = {
            int(row["bit"]): row["symbol"]
            for row in table("bitfields.csv")
            if row["bitfield"] == f"alphaess_{point}" and row["variant"] == variant
        }
        yield from faults(point, codes, bits=True)


def logs() -> Iterator[str]:
    """The samples of the fact table, cut to what shows each rule."""
    samples = {row["id"]: row["text"] for row in table("logs/log_samples.csv")}
    yield entry(
        "log",
        origin="vendor",
        source="guide",
        line=samples["guide_extconfig"],
        records=[
            {"kind": "config", "name": name, "old": "0", "new": "1"}
            for name in ("ChargingMode", "ExistChargingPile")
        ],
    )
    events = samples["event_log_1"]
    yield entry(
        "log",
        origin="captured",
        source="tidalvirus_capture",
        line=events,
        records=[
            {"kind": "status", "time": event[:17], "code": event[18:]}
            for event in events.rstrip(";").split(";")
        ],
    )
    error = samples["error_list"].split(" / ")[1]
    number, clock, date, clear_date, clear_clock, message = error.split(",")
    extra = {"number": number, "clock": clock, "date": date}
    extra |= {"clear_date": clear_date, "clear_clock": clear_clock}
    yield entry(
        "log",
        origin="captured",
        source="tidalvirus_capture",
        line=error,
        records=[{"kind": "fault", "message": message, "extra": extra}],
    )


def main() -> None:
    for channel in BLOCKS:
        entries = [*frames(channel), *frames_read_elsewhere(channel), *bad_frames(channel)]
        write(PLUGIN, channel, MADE_BY, entries)
    write(PLUGIN, "ems_json", MADE_BY, list(alphaess_smile_ems.entries()))
    write(PLUGIN, "commands", MADE_BY, list(commands()))
    write(PLUGIN, "faults", MADE_BY, list(all_faults()))
    write(PLUGIN, "logs", MADE_BY, list(logs()))


if __name__ == "__main__":
    main()
