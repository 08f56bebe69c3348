"""Sungrow SH hybrid inverters: input registers with measurements, holding registers with settings.

Of a pair of registers the low word comes first. Vendor documents count registers from 1: the
document's number is the address here plus one. No source states which way plus means in the powers
of battery, meter and grid, so these have no role. The bits of the fault words are not public.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from thingwright import (
    Command,
    Component,
    Datapoint,
    Decoder,
    Source,
    View,
    hookimpl,
    product_files,
    register_table,
)
from thingwright.layout import modbus_write, registers

TABLE = register_table(__file__, enums="enums.csv", traits="traits.csv")


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "mkaiser_sungrow_shx",
        "Modbus registers of Sungrow SHx inverters for Home Assistant",
        "B",
        "github.com/mkaiser/Sungrow-SHx-Inverter-Modbus-Home-Assistant at 63beec67",
        "MIT",
    )
    yield Source(
        "sungather",
        "SunGather register list",
        "B",
        "github.com/bohdan-s/SunGather at 2c2935d7, registers-sungrow.yaml",
        "GPL-3.0, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "SH series", vendor="Sungrow")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("versions", 2581, 58, table="input")
    yield TABLE.answer("device_info", 4951, 57, table="input")
    yield TABLE.answer("running", 5007, 109, table="input")
    yield TABLE.answer("battery", 5213, 29, table="input")
    yield TABLE.answer("meter", 5600, 39, table="input")
    yield TABLE.answer("backup", 5722, 24, table="input")
    yield TABLE.answer("energy", 12999, 80, table="input")
    yield TABLE.answer("firmware", 13249, 45, table="input")
    yield TABLE.answer("settings", 13001, 99)
    yield TABLE.answer("shutdown_setting", 31212, 1)
    yield TABLE.answer("battery_power_settings", 33046, 2)
    yield TABLE.answer("battery_start_settings", 33148, 2)


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield write("set_ems_mode", 13049, risk="disruptive")
    yield write(
        "force_battery_power",
        13050,
        13051,
        risk="disruptive",
        doc="Direction and power, both registers at once",
    )
    yield write(
        "stop_forced_battery_power",
        13050,
        constants={"battery_forced_charge_discharge_cmd_raw": 0xCC},
    )
    yield write("set_battery_soc_limits", 13057, 13058)
    yield write("set_export_power_limit", 13073)
    for name, mode, lifts in (("enable", 0xAA, None), ("lift", 0x55, "max_export")):
        constants = {"export_power_limit_mode_raw": mode}
        yield write(f"{name}_export_power_limit", 13086, constants=constants, lifts=lifts)
    yield write("set_backup_reserve", 13099)
    yield write("set_battery_max_power", 33046, 33047)


def write(name: str, first: int, last: int = 0, **attributes: Any) -> Command:
    """A command that writes registers `first` to `last` in one go, one alone by function 6."""
    fields = TABLE.fields(first, last or first)
    layout = modbus_write(registers(first, *fields), function=16 if last else 6)
    keys = tuple(field.key for field in fields)
    return Command(name, layout, reads_back=keys, **attributes)


@hookimpl
def declare_portal_views() -> Iterable[View]:
    strings = [f"mppt{n}_{quantity}" for n in range(1, 5) for quantity in ("voltage", "current")]
    yield View("PV strings", ("total_dc_power", *strings))
    phases = [f"meter_phase_{phase}_active_power" for phase in "abc"]
    yield View("Grid", ("meter_active_power", *phases, "grid_frequency", "load_power"))
    yield View(
        "Battery",
        (
            "battery_level",
            "battery_state_of_health",
            "battery_power",
            "battery_voltage",
            "battery_current",
            "battery_temperature",
        ),
    )


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
