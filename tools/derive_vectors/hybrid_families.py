"""What is read from each family of hybrid inverters, written to it and raised by it."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vector_toml import FACTS

Row = Mapping[str, str]
Command = tuple[Any, ...]
"""Name, Modbus function, raw numbers by register point, then the points that are constants."""


def as_it_is(row: Row) -> Iterator[Row]:
    yield row


@dataclass(frozen=True)
class Family:
    """`blocks`: channel, and then table, first register and numbers of registers of an answer.

    `left_out` names the points that a channel does not read, though they lie in its answer;
    `faults` the words of fault bits and their sizes.
    """

    facts: str
    blocks: Mapping[str, tuple[Any, ...]]
    commands: Sequence[Command] = ()
    faults: Mapping[str, int] = field(default_factory=dict)
    bits: Callable[[str], dict[int, str]] = lambda _: {}
    variant: str = ""
    departures: Callable[[Row], Iterator[Row]] = as_it_is
    scaled_by: Mapping[str, str] = field(default_factory=dict)
    computed: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {}
    left_out: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def holds(self, row: Row, channel: str) -> bool:
        """Whether a channel reads the row: its first register lies in the answer."""
        table, first, *counts = self.blocks[channel]
        at = int((row["register_list"] or row["address"]).split(";")[0])
        low, high = self.left_out.get(channel, (0, 0))
        inside = first <= at < first + max(counts) and not low <= at < high
        return row["table"] == table and inside

    def fault_bits(self, word: str) -> dict[int, str]:
        return self.bits(word)


def table(name: str) -> list[dict[str, str]]:
    with (FACTS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


SUNGROW = Family(
    "sungrow_sh",
    {
        "versions": ("input", 2581, 58),
        "device_info": ("input", 4951, 57),
        "running": ("input", 5007, 109),
        "battery": ("input", 5213, 29),
        "meter": ("input", 5600, 39),
        "backup": ("input", 5722, 24),
        "energy": ("input", 12999, 80),
        "firmware": ("input", 13249, 45),
        "settings": ("holding", 13001, 99),
        "shutdown_setting": ("holding", 31212, 1),
        "battery_power_settings": ("holding", 33046, 2),
        "battery_start_settings": ("holding", 33148, 2),
    },
    (
        ("set_ems_mode", 6, {"ems_mode_selection_raw": 2}),
        ("force_battery_power", 16, {"battery_forced_charge_discharge_cmd_raw": 0xAA, "battery_forced_charge_discharge_power": 2500}),
        ("force_battery_power", 16, {"battery_forced_charge_discharge_cmd_raw": 0xBB, "battery_forced_charge_discharge_power": 40_000}),
        ("stop_forced_battery_power", 6, {"battery_forced_charge_discharge_cmd_raw": 0xCC}, "battery_forced_charge_discharge_cmd_raw"),
        ("set_battery_soc_limits", 16, {"uid_sg_battery_max_soc": 950, "uid_sg_battery_min_soc": 80}),
        ("set_export_power_limit", 6, {"export_power_limit": 4600}),
        ("set_export_power_limit", 6, {"export_power_limit": 40_000}),
        ("enable_export_power_limit", 6, {"export_power_limit_mode_raw": 0xAA}, "export_power_limit_mode_raw"),
        ("lift_export_power_limit", 6, {"export_power_limit_mode_raw": 0x55}, "export_power_limit_mode_raw"),
        ("set_backup_reserve", 6, {"battery_reserved_soc_for_backup": 30}),
        ("set_battery_max_power", 16, {"battery_max_charge_power": 500, "battery_max_discharge_power": 660}),
        ("set_battery_max_power", 16, {"battery_max_charge_power": 40_000, "battery_max_discharge_power": 40_001}),
    ),
)  # fmt: skip


def deye(strings: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The sum of the powers of the strings and versions of several registers."""

    def computed(said: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        powers = [said[key] for n in range(1, strings + 1) if (key := f"pv{n}_power") in said]
        if powers:
            found["pv_power_total"] = sum(powers)
        for board in ("control", "communication"):
            key = f"device_{board}_board_firmware_version"
            parts = [said[f"{key}_{n}"] for n in (1, 2, 3) if f"{key}_{n}" in said]
            if parts and None not in parts:
                found[key] = "-".join(parts)
        return found

    return computed


def bit_field(prefix: str) -> Callable[[str], dict[int, str]]:
    """Bit and code of a word of faults, by the tables of bit fields."""
    rows = table("bitfields")
    return lambda word: {
        int(row["bit"]): row["symbol"] for row in rows if row["bitfield"] == f"{prefix}{word}"
    }


DEYE_3P = Family(
    "deye_hybrid_3p",
    {
        "device_info": ("holding", 0, 65),
        "settings": ("holding", 98, 94),
        "bms": ("holding", 210, 28),
        "pv_settings": ("holding", 340, 2),
        "status": ("holding", 500, 59),
        "power": ("holding", 586, 123),
        "pv": ("holding", 672, 12, 59),
        **{f"battery_pack_{n}": ("holding", 9994 + 38 * n, 32) for n in range(1, 21)},
    },
    (
        ("set_battery_max_current", 16, {"battery_max_charging_current": 60, "battery_max_discharging_current": 80}),
        ("set_battery_max_current", 16, {"battery_max_charging_current": 40_000, "battery_max_discharging_current": 40_001}),
        ("set_battery_grid_charging_current", 16, {"battery_grid_charging_current": 40}),
        ("set_battery_grid_charging_current", 16, {"battery_grid_charging_current": 40_000}),
        ("set_energy_pattern", 16, {"energy_pattern": 1}),
        ("set_work_mode", 16, {"work_mode": 2}),
        ("set_time_of_use", 16, {"time_of_use": 255}),
        ("set_program_soc", 16, {f"program_{n}_soc": 15 * n for n in range(1, 7)}),
        ("set_grid_max_export_power", 16, {"grid_max_export_power": 500}),
        ("set_grid_max_export_power", 16, {"grid_max_export_power": 40_000}),
    ),
    {"device_alarm": 32, "device_fault": 64},
    bit_field("deye_hybrid_3p_"),
    "hv",
    computed=deye(8),
    left_out={"power": (672, 687)},
)  # fmt: skip

DEYE_1P = Family(
    "deye_hybrid_1p",
    {
        "device_info": ("holding", 0, 25),
        "status": ("holding", 53, 64),
        "power": ("holding", 150, 47),
        "settings": ("holding", 200, 94),
        "bms": ("holding", 312, 15),
    },
    (
        *(command for command in DEYE_3P.commands if command[0] != "set_grid_max_export_power"),
        ("set_export_surplus_power", 16, {"export_surplus_power": 500}),
        ("set_export_surplus_power", 16, {"export_surplus_power": 40_000}),
    ),
    {"device_alarm": 32, "device_fault": 64},
    bit_field("deye_hybrid_1p_"),
    computed=deye(4),
)


def sofar_words(row: Row) -> Iterator[Row]:
    """The twelve registers of fault bits by themselves."""
    if row["point"] != "device_fault":
        yield row
        return
    alone = {"words": "1", "data_type": "uint16", "word_order": ""}
    for n in range(12):
        point = f"device_fault_{n + 1}"
        yield {**row, **alone, "address": str(1029 + n), "point": point}


def sofar_bits(word: str) -> dict[int, str]:
    """The bits of one of the twelve words, without those that are reserved."""
    first = 16 * (int(word.removeprefix("device_fault_")) - 1)
    every = bit_field("sofar_g3_hybrid_")("device_fault")
    return {
        bit - first: code
        for bit, code in every.items()
        if first <= bit < first + 16 and "reserved" not in code
    }


SOFAR = Family(
    "sofar_g3_hybrid",
    {
        "status": ("holding", 1028, 98),
        "grid": ("holding", 1156, 44),
        "backup": ("holding", 1284, 28),
        "pv": ("holding", 1412, 12),
        "pv_total": ("holding", 1476, 1),
        "battery": ("holding", 1540, 7),
        "energy": ("holding", 1668, 24),
        "export_settings": ("holding", 4131, 2),
        "battery_settings": ("holding", 4173, 6),
        "storage_settings": ("holding", 4368, 16),
        "passive_settings": ("holding", 4487, 6),
    },
    (
        ("set_export_limit", 16, {"export_surplus_limitation": 1, "export_surplus_power": 46}),
        ("set_export_limit", 16, {"export_surplus_limitation": 0, "export_surplus_power": 40_000}),
        ("set_storage_control_mode", 16, {"storage_control_mode": 3}),
        ("set_passive_power", 16, {"passive_grid_power": -1200, "passive_minimum_battery_power": -3000, "passive_maximum_battery_power": 2500}),
        ("set_passive_power", 16, {"passive_grid_power": 800, "passive_minimum_battery_power": 90_000, "passive_maximum_battery_power": -70_000}),
    ),
    {f"device_fault_{n}": 16 for n in range(1, 13)},
    sofar_bits,
    departures=sofar_words,
)  # fmt: skip


def solis_bits(word: str) -> dict[int, str]:
    """The numbers of a word of faults, which are powers of two, as bits."""
    return {
        int(row["value"]).bit_length() - 1: row["symbol"]
        for row in table("enums")
        if row["enum"] == f"solis_hybrid_{word}" and int(row["value"])
    }


SOLIS = Family(
    "solis_hybrid",
    {
        "running": ("input", 33029, 67),
        "storage": ("input", 33116, 64),
        "battery_limits": ("input", 33206, 2),
        "meter": ("input", 33251, 32),
        "settings": ("holding", 43000, 25),
        "storage_settings": ("holding", 43110, 61),
    },
    (
        ("set_backup_mode_soc", 6, {"backup_mode_soc": 40}),
        ("set_storage_control_mode", 6, {"storage_control_mode": 35}),
        ("set_timed_current", 16, {"timed_charge_current": 250, "timed_discharge_current": 500}),
        ("set_timed_current", 16, {"timed_charge_current": 40_000, "timed_discharge_current": 40_001}),
        *(
            (f"set_timed_{way}_period", 16, {f"timed_{way}_start_hour": 1, f"timed_{way}_start_minute": 15, f"timed_{way}_end_hour": 23, f"timed_{way}_end_minute": 59})
            for way in ("charge", "discharge")
        ),
    ),
    dict.fromkeys(("grid_fault_status", "backup_load_fault_status", "battery_fault_status", "fault_status_04_device", "fault_status_05_device"), 16),
    solis_bits,
)  # fmt: skip


def solaredge_rows(row: Row) -> Iterator[Row]:
    """One register of a 16-bit type; the battery's keys; which rows are SunSpec's."""
    departed = dict(row)
    if row["data_type"] == "uint16":
        departed |= {"words": "1", "word_order": ""}
    if row["variant"] == "battery":
        departed["point"] = "battery_" + row["point"].removeprefix("c_")
    if int(row["address"]) <= 40108:
        departed["sunspec"] = "yes"
    yield departed


SOLAREDGE_POWERS = {
    "current": ("current", "l1_current", "l2_current", "l3_current"),
    "voltage": ("l1_voltage", "l2_voltage", "l3_voltage", "l1n_voltage", "l2n_voltage", "l3n_voltage"),
    **{name: (name,) for name in ("power_ac", "frequency", "power_apparent", "power_reactive", "power_factor", "energy_total", "current_dc", "voltage_dc", "power_dc", "temperature")},
}  # fmt: skip

SOLAREDGE = Family(
    "solaredge",
    {
        "inverter": ("holding", 40000, 109),
        "storage_settings": ("holding", 57348, 14),
        "battery_info": ("holding", 57600, 76),
        "battery": ("holding", 57708, 40),
        "power_limit": ("holding", 61440, 4),
        "power_control": ("holding", 61696, 7),
        "advanced_power_control": ("holding", 61762, 2),
        "export_control": ("holding", 63232, 4),
    },
    departures=solaredge_rows,
    scaled_by={key: f"{stem}_scale" for stem, keys in SOLAREDGE_POWERS.items() for key in keys},
)

LIVOLTEK = Family(
    "livoltek_gen2",
    {
        "device_info": ("holding", 42002, 13),
        "running": ("holding", 42504, 88),
        "mppt": ("holding", 42700, 24),
        "control": ("holding", 42752, 12),
        "reactive_settings": ("holding", 43602, 9),
        "power_settings": ("holding", 43714, 25),
        "battery_settings": ("holding", 44605, 2),
    },
    (
        ("switch_on_or_off", 16, {"on_off": 0xCF}),
        ("set_emergency_shutdown", 16, {"emergency_shutdown_enable": 0xAA}),
        ("reboot", 16, {"reboot": 0xAA}, "reboot"),
        ("reboot_bms", 16, {"reboot_bms": 0xAA}, "reboot_bms"),
        ("set_power_limit", 16, {"power_limit_enable": 0xAA, "power_limit_percent": 700}, "power_limit_enable"),
        ("set_power_limit", 16, {"power_limit_enable": 0xAA, "power_limit_percent": 40_000}, "power_limit_enable"),
        ("lift_power_limit", 16, {"power_limit_enable": 0x55}, "power_limit_enable"),
        ("set_export_limit", 16, {"export_limit_enable": 0xAA, "export_limit_percent": 600}, "export_limit_enable"),
        ("set_export_limit", 16, {"export_limit_enable": 0xAA, "export_limit_percent": 40_000}, "export_limit_enable"),
        ("lift_export_limit", 16, {"export_limit_enable": 0x55}, "export_limit_enable"),
        ("set_export_limit_power", 16, {"export_limit_power": 500}),
        ("set_export_limit_power", 16, {"export_limit_power": -70_000}),
    ),
)  # fmt: skip


def storion_rows(row: Row) -> Iterator[Row]:
    """Pairs high word first, which the fact table leaves open."""
    yield {**row, "word_order": "big"}


STORION = Family(
    "alphaess_storion_industry",
    {"battery": ("holding", 0xA000, 30), "errors": ("holding", 0xA100, 113)},
    departures=storion_rows,
)

FAMILIES = {
    "sungrow_sh": SUNGROW,
    "deye_hybrid_3p": DEYE_3P,
    "deye_hybrid_1p": DEYE_1P,
    "sofar_g3_hybrid": SOFAR,
    "solis_hybrid": SOLIS,
    "solaredge": SOLAREDGE,
    "livoltek_gen2": LIVOLTEK,
    "alphaess_storion": STORION,
}
