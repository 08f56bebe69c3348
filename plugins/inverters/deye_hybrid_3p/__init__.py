"""Deye three-phase hybrid inverters: holding registers with measurements and settings.

Powers have a low and a high register that are not adjacent; of an adjacent pair the low word comes
first. The inverters for low-voltage batteries are the base, those for high-voltage batteries the
variant `hv`: the rows of that variant have its scales. For the energies the source knows a third
scale, 1 kWh, of models that it does not name; no variant is made of it.

No source states which way plus means in the powers of battery and grid, so these have no role.
Versions are hex digits; a time of day is the decimal number HHMM.
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
from thingwright.layout import modbus_rtu, modbus_write, registers

TABLE = register_table(__file__, enums="enums.csv", traits="traits.csv")

VERSIONS = {"control": 3, "communication": 3}
"""Board: how many registers its firmware version has."""


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "ha_solarman",
        "Inverter definitions of ha-solarman",
        "B",
        "github.com/davidrapan/ha-solarman at ac1d88b8, deye_p3.yaml",
        "MIT",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "Three-phase hybrid, low-voltage battery", vendor="Deye")
    yield Component("inverter", "Three-phase hybrid, high-voltage battery", "hv", vendor="Deye")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from TABLE.datapoints()
    yield Datapoint(
        "pv_power_total",
        "W",
        "pv.power",
        label="PV power of all strings",
        group="pv",
        of=tuple(f"pv{n}_power" for n in range(1, 9)),
        computed=total,
        partial=True,
    )
    for board, parts in VERSIONS.items():
        key = f"device_{board}_board_firmware_version"
        yield Datapoint(
            key,
            label=f"{board.title()} board firmware version",
            group="info",
            of=tuple(f"{key}_{n}" for n in range(1, parts + 1)),
            computed=joined,
            trait="component.firmware" if board == "control" else "module.firmware",
        )


def joined(*parts: str) -> str:
    """A version of several registers, in the order in which the source shows them."""
    return "-".join(parts)


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield from answers("device_info", 0, 65)
    yield from answers("settings", 98, 94)
    yield from answers("bms", 210, 28)
    yield from answers("pv_settings", 340, 2)
    yield from answers("status", 500, 59)
    yield from answers("power", 586, 123, last=671, doc="The strings amid it: channel pv")
    yield from answers("pv", 672, 12, 59, doc="59 where there are more than four strings")
    for pack in range(1, 21):
        yield from answers(f"battery_pack_{pack}", 10_032 + 38 * (pack - 1), 32)


def answers(
    channel: str, first: int, *counts: int, last: int = 0, doc: str = ""
) -> Iterable[Decoder]:
    """The answer to a read from `first`, its rows up to `last`, and what the variant changes."""
    last = last or first + max(counts) - 1
    layout = modbus_rtu(registers(first, *TABLE.fields(first, last), counts=counts))
    yield Decoder(channel, layout, doc=doc)
    if changed := TABLE.fields(first, last, variant="hv"):
        yield Decoder(channel, layout.overridden(*changed), doc=doc, variants="hv")


@hookimpl
def declare_faults() -> Iterable[Fault]:
    words = {
        "deye_hybrid_3p_device_alarm": "device_alarm",
        "deye_hybrid_3p_device_fault": "device_fault",
    }
    return fault_table(__file__, words)


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield write("set_battery_max_current", 108, 109)
    yield write("set_battery_grid_charging_current", 128)
    yield write("set_energy_pattern", 141)
    yield write("set_work_mode", 142, risk="disruptive")
    yield write("set_time_of_use", 146)
    yield write("set_program_soc", 166, 171, doc="The state of charge of all six programs")
    yield write("set_grid_max_export_power", 231)


def write(name: str, first: int, last: int = 0, **attributes: Any) -> Command:
    """A command that writes the registers `first` to `last` in one go."""
    fields = TABLE.fields(first, last or first)
    keys = tuple(field.key for field in fields)
    return Command(name, modbus_write(registers(first, *fields)), reads_back=keys, **attributes)


@hookimpl
def declare_portal_views() -> Iterable[View]:
    strings = [
        f"pv{n}_{quantity}" for n in range(1, 5) for quantity in ("power", "voltage", "current")
    ]
    yield View("PV strings", ("pv_power_total", *strings))
    phases = [f"grid_l{n}_{quantity}" for n in range(1, 4) for quantity in ("power", "voltage")]
    yield View("Grid", ("grid_power", "grid_frequency", *phases))
    battery = ("power", "voltage", "temperature", "corrected_capacity")
    yield View("Battery", ("battery", *(f"battery_{quantity}" for quantity in battery)))
    loads = [f"load_consumption_l{n}_power" for n in range(1, 4)]
    yield View("Load", ("load_consumption_power", *loads, "generator_power"))


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
