"""Deye and Sunsynk single-phase hybrid inverters: holding registers, low word first.

Two totals have a low and a high register that are not adjacent. For some powers and the battery
current the source knows scales ten times as large, of models that it does not name; the ones here
are its first. No source states which way plus means in the powers of battery and grid, so these
have no role. Versions are hex digits; a time of day is the decimal number HHMM.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from thingwright import (
    Command,
    Component,
    Datapoint,
    Decoder,
    Fault,
    Source,
    View,
    fault_table,
    hookimpl,
    product_files,
    register_table,
    total,
)
from thingwright.layout import modbus_write, registers

TABLE = register_table(__file__, enums="enums.csv", traits="traits.csv")

VERSIONS = {"control": 3, "communication": 2}
"""Board: how many registers its firmware version has."""


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "ha_solarman",
        "Inverter definitions of ha-solarman",
        "B",
        "github.com/davidrapan/ha-solarman at ac1d88b8, deye_hybrid.yaml",
        "MIT",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "Single-phase hybrid", vendor="Deye")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from TABLE.datapoints()
    yield Datapoint(
        "pv_power_total",
        "W",
        "pv.power",
        label="PV power of all strings",
        group="pv",
        of=tuple(f"pv{n}_power" for n in range(1, 5)),
        computed=total,
    )
    for board, parts in VERSIONS.items():
        key = f"device_{board}_board_firmware_version"
        yield Datapoint(
            key,
            label=f"{board.title()} board firmware version",
            group="info",
            of=tuple(f"{key}_{n}" for n in range(1, parts + 1)),
            computed=joined,
        )


def joined(*parts: str) -> str:
    """A version of several registers, in the order in which the source shows them."""
    return "-".join(parts)


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("device_info", 0, 25)
    yield TABLE.answer("status", 53, 64)
    yield TABLE.answer("power", 150, 47)
    yield TABLE.answer("settings", 200, 94)
    yield TABLE.answer("bms", 312, 15)


@hookimpl
def declare_faults() -> Iterable[Fault]:
    words = {
        "deye_hybrid_1p_device_alarm": "device_alarm",
        "deye_hybrid_1p_device_fault": "device_fault",
    }
    return fault_table(__file__, words)


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield write("set_battery_max_current", 210, 211)
    yield write("set_battery_grid_charging_current", 230)
    yield write("set_energy_pattern", 243)
    yield write("set_work_mode", 244, risk="disruptive")
    yield write("set_export_surplus_power", 245)
    yield write("set_time_of_use", 248)
    yield write("set_program_soc", 268, 273, doc="The state of charge of all six programs")


def write(name: str, first: int, last: int = 0, **attributes: Any) -> Command:
    """A command that writes the registers `first` to `last` in one go."""
    fields = TABLE.fields(first, last or first)
    keys = tuple(field.key for field in fields)
    return Command(name, modbus_write(registers(first, *fields)), reads_back=keys, **attributes)


@hookimpl
def declare_portal_views() -> Iterable[View]:
    strings = [f"pv{n}_power" for n in range(1, 5)]
    meters = [f"pv{n}_{quantity}" for n in range(1, 5) for quantity in ("voltage", "current")]
    yield View("PV strings", ("pv_power_total", *strings, *meters))
    phases = [f"grid_l{n}_{quantity}" for n in (1, 2) for quantity in ("power", "voltage")]
    yield View("Grid", ("grid_power", "grid_frequency", *phases))
    battery = ("power", "voltage", "current", "temperature")
    yield View("Battery", ("battery", *(f"battery_{quantity}" for quantity in battery)))
    yield View("Load", ("load_power", "load_l1_power", "load_l2_power", "generator_power"))


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
