"""Sofar third-generation hybrid inverters (HYD): holding registers, high word first.

The source turns the sign of the powers of battery and grid connection (a negative scale), but does
not state which way plus means then, so these have no role. Twelve registers hold a bit per fault;
those that the source calls reserved are left out. The unit of reactive powers is doubtful.
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
)
from thingwright.layout import modbus_write, registers

TABLE = register_table(__file__, enums="enums.csv", traits="traits.csv")


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "ha_solarman",
        "Inverter definitions of ha-solarman",
        "B",
        "github.com/davidrapan/ha-solarman at ac1d88b8, sofar_g3hyd.yaml",
        "MIT",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "HYD, third generation", vendor="Sofar")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("status", 1028, 98)
    yield TABLE.answer("grid", 1156, 44)
    yield TABLE.answer("backup", 1284, 28)
    yield TABLE.answer("pv", 1412, 12)
    yield TABLE.answer("pv_total", 1476, 1)
    yield TABLE.answer("battery", 1540, 7)
    yield TABLE.answer("energy", 1668, 24)
    yield TABLE.answer("export_settings", 4131, 2)
    yield TABLE.answer("battery_settings", 4173, 6)
    yield TABLE.answer("storage_settings", 4368, 16)
    yield TABLE.answer("passive_settings", 4487, 6)


@hookimpl
def declare_faults() -> Iterable[Fault]:
    words = [f"device_fault_{n}" for n in range(1, 13)]
    return fault_table(__file__, dict(zip(words, words, strict=True)))


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield write("set_export_limit", 4131, 4132)
    yield write("set_storage_control_mode", 4368, risk="disruptive")
    yield write(
        "set_passive_power",
        4487,
        4492,
        risk="disruptive",
        doc="Power of the grid, and the least and most of the battery; signs are not stated",
    )


def write(name: str, first: int, last: int = 0, **attributes: Any) -> Command:
    """A command that writes the registers `first` to `last` in one go."""
    fields = TABLE.fields(first, last or first)
    layout = modbus_write(registers(first, *fields))
    keys = tuple(field.key for field in fields)
    return Command(name, layout, reads_back=keys, **attributes)


@hookimpl
def declare_portal_views() -> Iterable[View]:
    strings = [f"pv{n}_{quantity}" for n in range(1, 5) for quantity in ("power", "voltage")]
    yield View("PV strings", ("pv_power", *strings))
    yield View(
        "Grid",
        (
            "active_power_pcc_total",
            "active_power_output_total",
            "grid_frequency",
            "voltage_phase_r",
            "voltage_phase_s",
            "voltage_phase_t",
        ),
    )
    yield View(
        "Battery",
        (
            "battery",
            "battery_soh",
            "battery_power",
            "battery_voltage",
            "battery_current",
            "battery_temperature",
        ),
    )
    yield View("Load", ("active_power_load_sys", "active_power_load_total_eps"))


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
