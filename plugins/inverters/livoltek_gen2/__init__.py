"""Livoltek second-generation storage inverters: holding registers, low word first.

The facts are a summary of the maker's protocol V1.01 that its author did not try on hardware. The
sign of the powers of meter and battery is not documented, so these have no role; nor is the meaning
of the numbers in the ten fault registers, so there are no faults.
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

ON, OFF = 0xAA, 0x55
"""How the protocol writes that something is enabled or not."""


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "livoltek_v101_summary",
        "Summary of Livoltek's Gen 2 external communication protocol V1.01",
        "B",
        "a public copy; its author did not validate it on hardware",
        "vendor document, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "Gen 2 storage inverter", vendor="Livoltek")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("device_info", 42002, 13)
    yield TABLE.answer("running", 42504, 88)
    yield TABLE.answer("mppt", 42700, 24)
    yield TABLE.answer("control", 42752, 12)
    yield TABLE.answer("reactive_settings", 43602, 9)
    yield TABLE.answer("power_settings", 43714, 25)
    yield TABLE.answer("battery_settings", 44605, 2)


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield write("switch_on_or_off", 42758, risk="disruptive")
    yield write("set_emergency_shutdown", 42759, risk="disruptive")
    for name, address, key in (("reboot", 42762, "reboot"), ("reboot_bms", 42763, "reboot_bms")):
        yield write(
            name,
            address,
            constants={key: ON},
            risk="disruptive",
            delivery="at_most_once",
            reads_back=(),  # a trigger
        )
    yield write("set_power_limit", 43714, 43715, constants={"power_limit_enable": ON})
    yield write("lift_power_limit", 43714, constants={"power_limit_enable": OFF})
    yield write("set_export_limit", 43719, 43720, constants={"export_limit_enable": ON})
    yield write(
        "lift_export_limit",
        43719,
        constants={"export_limit_enable": OFF},
        lifts="max_export",
    )
    yield write("set_export_limit_power", 43737)


def write(name: str, first: int, last: int = 0, **attributes: Any) -> Command:
    """A command that writes the registers `first` to `last` in one go."""
    fields = TABLE.fields(first, last or first)
    layout = modbus_write(registers(first, *fields))
    attributes.setdefault("reads_back", tuple(field.key for field in fields))
    return Command(name, layout, **attributes)


@hookimpl
def declare_portal_views() -> Iterable[View]:
    strings = [f"mppt_{n}_{quantity}" for n in range(1, 5) for quantity in ("voltage", "current")]
    yield View("PV strings", ("total_dc_power", *strings))
    yield View(
        "Grid",
        (
            "meter_active_power",
            "total_active_power",
            "grid_frequency",
            "voltage_l1",
            "voltage_l2",
            "voltage_l3",
        ),
    )
    yield View(
        "Battery",
        (
            "battery_active_power",
            "battery_voltage_platform",
            "battery_total_capacity",
        ),
    )
    yield View("Load", ("load_active_power", "load_energy_today", "load_energy_total"))


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
