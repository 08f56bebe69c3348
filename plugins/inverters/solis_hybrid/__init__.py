"""Solis hybrid inverters: input registers with measurements, holding registers with settings.

High word first. All published numbers of the five fault registers are powers of two, so each is
read as a bit. Besides the battery's powers and currents `battery_state` says which way it goes; no
source states which way plus means in them, nor in the meter's power, so these have no role. A time
of day is two registers, hour and minute.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from thingwright import (
    Command,
    Component,
    Datapoint,
    Decoder,
    Fault,
    Source,
    View,
    WindowEdge,
    fault_table,
    hookimpl,
    product_files,
    register_table,
)
from thingwright.layout import modbus_write, registers

TABLE = register_table(__file__, enums="enums.csv", traits="traits.csv")

FAULTS = (
    "grid_fault_status",
    "backup_load_fault_status",
    "battery_fault_status",
    "fault_status_04_device",
    "fault_status_05_device",
)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "ha_solarman",
        "Inverter definitions of ha-solarman",
        "B",
        "github.com/davidrapan/ha-solarman at ac1d88b8, solis_hybrid.yaml",
        "MIT",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "Hybrid inverter", vendor="Solis")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("running", 33029, 67, table="input")
    yield TABLE.answer("storage", 33116, 64, table="input")
    yield TABLE.answer("battery_limits", 33206, 2, table="input")
    yield TABLE.answer("meter", 33251, 32, table="input")
    yield TABLE.answer("settings", 43000, 25)
    yield TABLE.answer("storage_settings", 43110, 61)


@hookimpl
def declare_faults() -> Iterable[Fault]:
    return fault_table(__file__, dict(zip(FAULTS, FAULTS, strict=True)))


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield write("set_backup_mode_soc", 43024)
    yield write("set_storage_control_mode", 43110, risk="disruptive")
    yield write("set_timed_current", 43141, 43142, doc="Of charging and of discharging")
    yield period("charge", 43143)
    yield period("discharge", 43147)


def write(name: str, first: int, last: int = 0, **attributes: Any) -> Command:
    """A command that writes registers `first` to `last` in one go, one alone by function 6."""
    fields = TABLE.fields(first, last or first)
    layout = modbus_write(registers(first, *fields), function=16 if last else 6)
    keys = tuple(field.key for field in fields)
    return Command(name, layout, reads_back=keys, **attributes)


def period(action: Literal["charge", "discharge"], first: int) -> Command:
    """The one daily window of an action: start and end, each an hour and a minute."""
    edges = {
        f"timed_{action}_{edge}_{unit}": WindowEdge(action, 1, edge, unit)
        for edge in ("start", "end")
        for unit in ("hour", "minute")
    }
    return write(f"set_timed_{action}_period", first, first + 3, windows=edges)


@hookimpl
def declare_portal_views() -> Iterable[View]:
    yield View(
        "PV strings",
        (
            "inverter_dc_power",
            "pv1_voltage",
            "pv1_current",
            "pv2_voltage",
            "pv2_current",
        ),
    )
    yield View(
        "Grid",
        (
            "meter_active_power",
            "meter_voltage",
            "meter_current",
            "meter_frequency",
            "grid_fault_status",
        ),
    )
    yield View(
        "Battery",
        (
            "battery",
            "battery_soh",
            "battery_state",
            "battery_power",
            "battery_voltage",
            "battery_current",
        ),
    )
    yield View("Load", ("house_load_power", "backup_load_power"))


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
