"""Makes the vectors of `inverters.alphaess_smile`: `python tools/derive_vectors/alphaess_smile.py`.

Answers follow from the fact table by `struct` and the Modbus CRC alone; `alphaess_smile_ems.py`
makes the telemetry of the EMS. Nothing of the engine is used: a layout cannot prove itself.
"""

import csv
import struct
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import alphaess_smile_ems
from vector_toml import FACTS, entry, faults, spaced, write

Row = Mapping[str, str]
Value = int | float | str

PLUGIN = "inverters.alphaess_smile"
UNIT = 0x55
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

TYPICAL: Mapping[str, Value] = {
    # one phase, exporting, battery charging: what a healthy system says at noon
    "grid_meter_ct_enable": 1,
    "grid_meter_ct_ratio": 120,
    "grid_energy_export_total": 1284,
    "grid_energy_import_total": 600,
    "grid_voltage_l1": 243,
    "grid_current_l1": -6.5,
    "grid_frequency": 50.02,
    "grid_power_l1": -1580,
    "grid_power_total": -1580,
    "grid_reactive_power_l1": -62,
    "grid_reactive_power_total": -62,
    "grid_apparent_power_l1": 1581,
    "grid_apparent_power_total": 1581,
    "grid_power_factor_l1": -0.99,
    "grid_power_factor_total": -0.99,
    "pv_meter_ct_ratio": 120,
    "pv_meter_energy_export_total": 0.5,
    "pv_meter_energy_import_total": 3204.89,
    "pv_meter_voltage_l1": 243,
    "pv_meter_current_l1": 4.4,
    "pv_meter_frequency": 50.02,
    "pv_meter_power_l1": 1071,
    "pv_meter_power_total": 1071,
    "pv_meter_apparent_power_l1": 1075,
    "pv_meter_apparent_power_total": 1075,
    "pv_meter_power_factor_l1": 0.99,
    "pv_meter_power_factor_total": 0.99,
    "battery_voltage": 52.8,
    "battery_current": -43.6,
    "soc_battery": 73.6,
    "battery_status": 257,
    "battery_relay_status": 3,
    "pack_id_of_min_cell_voltage": 1,
    "cell_id_of_min_cell_voltage": 4,
    "battery_min_cell_voltage": 3.34,
    "pack_id_of_max_cell_voltage": 1,
    "cell_id_of_max_cell_voltage": 13,
    "battery_max_cell_voltage": 3.35,
    "pack_id_of_min_cell_temperature": 1,
    "cell_id_of_min_cell_temperature": 2,
    "battery_min_cell_temp": 21,
    "pack_id_of_max_cell_temperature": 1,
    "cell_id_of_max_cell_temperature": 3,
    "battery_max_cell_temp": 25,
    "battery_max_charge_current": 99.9,
    "battery_max_discharge_current": 99.9,
    "battery_charge_cutoff_voltage": 57.6,
    "battery_discharge_cutoff_voltage": 48,
    "bms_version": 104,
    "lmu_version": 164,
    "battery_module_count": 4,
    "battery_capacity_kwh": 11.4,
    "battery_type": 24,
    "total_energy_charge_battery": 783.5,
    "total_energy_discharge_battery": 730.2,
    "total_energy_charge_battery_from_grid": 20.8,
    "battery_power": -2302,
    "battery_max_charge_power": 5050,
    "battery_max_discharge_power": 5050,
    "battery_mos_control": 1,
    "voltage_l1": 242.6,
    "current_l1": 0.8,
    "power_inverter_l1": 161,
    "power_inverter": 161,
    "backup_voltage_l1": 243.1,
    "backup_current_l1": 0.9,
    "backup_power_inverter_l1": 37,
    "backup_power_inverter": 37,
    "inverter_grid_frequency": 50.02,
    "pv1_voltage": 270.3,
    "pv1_current": 4.6,
    "pv1_power": 1243,
    "pv2_voltage": 273,
    "pv2_current": 4.5,
    "pv2_power": 1228,
    "inverter_temperature": 38,
    "total_energy_from_pv": 433,
    "inverter_work_mode": 1,
    "pv_total_power": 2471,
    "inverter_version": "V00.21",
    "inverter_arm_version": "V00.B1",
    "inverter_sn": "SIMULATED0001",
    "inverter_arm_version_0654": "V00.B1",
    "system_time_yymm": 0x1609,
    "system_time_ddhh": 0x0A07,
    "system_time_mmss": 0x1B29,
    "ems_sn_byte_1_2": 0x414C,
    "ems_sn_byte3_4": 0x3230,
    "ems_sn_byte5_6": 0x3030,
    "ems_sn_byte7_8": 0x3030,
    "ems_sn_byte9_10": 0x3030,
    "ems_sn_byte11_12": 0x3030,
    "ems_sn_byte13_14": 0x3031,
    "ems_version_high": 1,
    "ems_version_middle": 1,
    "ems_version_low": 5,
    "protocol_version": 123,
    "ems_version_low_suffix": "R",
    "max_feed_in_percent": 100,
    "pv_capacity_storage": 5000,
    "pv_capacity_grid_inverter": 4250,
    "system_mode": 3,
    "local_ip": 0xC0A80132,
    "subnet_mask": 0xFFFFFF00,
    "gateway": 0xC0A80101,
    "modbus_address": UNIT,
    "discharge_cutoff_soc": 13,
    "charge_cutoff_soc": 100,
    "discharging_period_1_start_hour": 17,
    "discharging_period_1_stop_hour": 21,
    "charging_period_1_start_hour": 2,
    "charging_period_1_stop_hour": 5,
    "charging_period_1_start_minute": 30,
    "dispatch_active_power": 0,
    "dispatch_reactive_power": 0,
    "pv_inverter_energy": 3204.8,
    "system_total_pv_energy": 3637.8,
    "grid_regulation": 2,
    "ovp_l1": 265,
    "ovp_l1_time": 1800,
    "ofp_l1": 52,
    "ufp_l1": 47,
}
"""What each point says in a typical frame, in its unit; zero where it is not named."""

READ_ELSEWHERE: Sequence[tuple[str, str, str, str, Mapping[str, tuple[int, Value]]]] = (
    # channel, variant, origin, source, point: (raw number, what was read in it)
    (
        "grid_meter",
        "smile_b3",
        "library",
        "alpha2mqtt",
        {"grid_voltage_l1": (2421, 242.1)},
    ),
    ("pv_meter", "smile_b3", "library", "alpha2mqtt", {"pv_meter_voltage_l1": (2421, 242.1)}),
    (
        "battery",
        "smile_b3",
        "library",
        "alpha2mqtt",
        {
            "battery_min_cell_voltage": (334, 3.34),
            "pack_id_of_max_cell_voltage": (1, 1),
            "cell_id_of_max_cell_voltage": (13, 13),
            "battery_charge_cutoff_voltage": (576, 57.6),
            "battery_discharge_cutoff_voltage": (480, 48.0),
            "battery_module_count": (4, 4),
            "battery_capacity_kwh": (114, 11.4),
        },
    ),
    ("inverter", "smile_b3", "library", "alpha2mqtt", {"inverter_temperature": (2720, 27.2)}),
    (
        "ems",
        "smile_b3",
        "library",
        "alpha2mqtt",
        {
            "system_time_yymm": (0x1609, 0x1609),
            "system_time_ddhh": (0x0A07, 0x0A07),
            "system_time_mmss": (0x1B29, 0x1B29),
        },
    ),
    ("settings", "smile_b3", "library", "alpha2mqtt", {"system_mode": (1, 1)}),
    (
        "time_control",
        "smile_b3",
        "library",
        "alpha2mqtt",
        {"discharge_cutoff_soc": (10, 10), "charge_cutoff_soc": (50, 50)},
    ),
    ("dispatch", "", "vendor", "alphaess_modbus_v123_de", {"dispatch_soc": (95, 38.0)}),
    ("dispatch", "", "captured", "alphaess_modbus_v123_de", {"dispatch_soc": (250, 100.0)}),
    (
        "system",
        "smile_b3",
        "library",
        "alpha2mqtt",
        {"system_total_pv_energy": (308_695, 3086.95)},
    ),
)
"""Raw numbers that others read: in a worked example, or on a device; the rest of the block is 0."""

PERIODS = tuple(f"period_{n}_{end}" for n in (1, 2) for end in ("start", "stop"))
COMMANDS: Sequence[tuple[str, int, str, Mapping[str, Value]]] = (
    # name, first register, struct of what is written, values in that order
    (
        "dispatch",
        0x0880,
        "HIIHHI",
        {
            "dispatch_start": 1,
            "dispatch_active_power": -4000,
            "dispatch_reactive_power": 150,
            "dispatch_mode": 2,
            "dispatch_soc": 100,  # raw 250, as the maker's app was seen to write it
            "dispatch_time": 5400,
        },
    ),
    (
        "dispatch",
        0x0880,
        "HIIHHI",
        {
            "dispatch_start": 1,
            "dispatch_active_power": 31_999,
            "dispatch_reactive_power": -31_999,
            "dispatch_mode": 10,
            "dispatch_soc": 38,
            "dispatch_time": 0x9876_5432,
        },
    ),
    ("dispatch_stop", 0x0880, "H", {"dispatch_start": 0}),
    ("set_time_period_control", 0x084F, "H", {"charging_time_period_control": 3}),
    ("set_discharge_cutoff_soc", 0x0850, "H", {"discharge_cutoff_soc": 13}),
    (
        "set_discharge_period",
        0x0851,
        "4H",
        dict(zip((f"discharging_{p}_hour" for p in PERIODS), (6, 8, 17, 21), strict=True)),
    ),
    ("set_charge_cutoff_soc", 0x0855, "H", {"charge_cutoff_soc": 95}),
    (
        "set_charge_period",
        0x0856,
        "4H",
        dict(zip((f"charging_{p}_hour" for p in PERIODS), (2, 5, 12, 14), strict=True)),
    ),
    (
        "set_discharge_period_minutes",
        0x085A,
        "4h",
        dict(zip((f"discharging_{p}_minute" for p in PERIODS), (15, 30, 45, 59), strict=True)),
    ),
    (
        "set_charge_period_minutes",
        0x085E,
        "4h",
        dict(zip((f"charging_{p}_minute" for p in PERIODS), (1, 20, 35, 50), strict=True)),
    ),
    ("set_max_feed_in", 0x0800, "H", {"max_feed_in_percent": 70}),
    ("sync_clock", 0x0740, "6B", {"system_time": "2022-09-10T07:27:41"}),
    ("set_ems_do0", 0x08B0, "H", {"ems_do0": 1}),
    ("set_ems_do0", 0x08B0, "H", {"ems_do0": 0x8001}),
    ("set_ems_do1", 0x08B1, "H", {"ems_do1": 1}),
    ("set_ems_do1", 0x08B1, "H", {"ems_do1": 0x8001}),
    ("battery_mos_control", 0x012E, "H", {"battery_mos_control": 1}),
    ("reset_energy", 0x1100, "H", {"reset_mode": 1}),
    ("reset_meter", 0x1100, "H", {"reset_mode": 2}),
    ("factory_reset", 0x1100, "H", {"reset_mode": 4}),
    ("restart_inverter", 0x1100, "H", {"reset_mode": 7}),
    ("restart_ems", 0x1100, "H", {"reset_mode": 8}),
)
CONSTANTS = {"dispatch_start", "reset_mode"}
"""What a command always sends: never asked for."""


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
        year, month, day, hour, minute, second = struct.pack(">3H", *clock)
        if 1 <= month <= 12 and day and year < 100 and hour < 24:
            date, time = f"{2000 + year}-{month:02}-{day:02}", f"{hour:02}:{minute:02}:{second:02}"
            found["system_time"] = f"{date}T{time}"
    return found


def crc(data: bytes) -> bytes:
    """CRC-16/MODBUS, low byte first, bit by bit as its specification writes it."""
    remainder = 0xFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0xA001 if remainder & 1 else 0)
    return struct.pack("<H", remainder)


def answer(body: bytes) -> bytes:
    frame = bytes((UNIT, 3, len(body))) + body
    return frame + crc(frame)


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


def written(first: int, body: bytes) -> bytes:
    frame = struct.pack(">BBHHB", UNIT, 16, first, len(body) // 2, len(body)) + body
    return frame + crc(frame)


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
