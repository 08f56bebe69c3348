"""Huawei SUN2000 inverters with LUNA2000 batteries, grid meter and optimizers behind them.

A channel is the answer to one read; `channels.csv` lists the reads, at most 64 registers and with
gaps of less than 16 between values, as the source reads them. All ones are no value, of signed
numbers the highest one. The table `single_phase` reads as one phase what `holding` reads as three;
`capability` are registers 30366 to 30369, which a plant's own values overlap.

Left out: `system_time_raw`, which repeats `system_time`; `startup` and `shutdown`, which can only
be written, and no source says what. Where an EMMA or a charger answers instead, the same addresses
mean other things: they are plugins of their own. No source states which way plus means in the
powers of battery, meter and plant, so these have no role.
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
from thingwright.layout import modbus_rtu, modbus_write, registers

TABLE = register_table(__file__, enums="enums.csv", traits="traits.csv")
CHANNELS = register_table(__file__, "channels.csv").rows


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "huawei_solar_lib",
        "Huawei Solar library",
        "B",
        "github.com/wlcrs/huawei-solar-lib at 873c1b3b, registers.py, register_values.py",
        "AGPL-3.0, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "SUN2000", vendor="Huawei")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    for row in CHANNELS:
        first, count = int(row["first"]), int(row["count"])
        fields = TABLE.fields(first, first + count - 1, table=row["table"])
        yield Decoder(row["channel"], modbus_rtu(registers(first, *fields, counts=count)))


@hookimpl
def declare_faults() -> Iterable[Fault]:
    return fault_table(__file__, {f"huawei_alarm_codes_{n}": f"alarm_{n}" for n in (1, 2, 3)})


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield write("set_active_power_percentage", 40125)
    yield write("set_active_power", 40126, 40127)
    yield write("set_battery_max_charging_power", 47075, 47076)
    yield write("set_battery_max_discharging_power", 47077, 47078)
    yield write("set_battery_cutoff_soc", 47081, 47082)
    yield write("set_battery_working_mode", 47086, risk="disruptive")
    yield write("set_charge_from_grid", 47087, 47088, doc="And the SOC at which it ends")
    yield write("set_backup_reserve", 47102)
    yield write(
        "set_forced_battery_power",
        47246,
        47250,
        doc="What ends it, and the powers of charging and discharging; it starts nothing",
    )
    yield write("set_forced_battery_period", 47083)
    yield write("force_battery", 47100, risk="disruptive", doc="Charge, discharge or stop")
    yield write(
        "set_feed_in_limit",
        47415,
        47417,
        constants={"active_power_control_mode": 6},
        doc="Watts at the grid connection",
    )
    yield write(
        "lift_feed_in_limit",
        47415,
        constants={"active_power_control_mode": 0},
        lifts="max_export",
    )


def write(name: str, first: int, last: int = 0, **attributes: Any) -> Command:
    """A command that writes registers `first` to `last` in one go, one alone by function 6."""
    fields = TABLE.fields(first, last or first)
    layout = modbus_write(registers(first, *fields), function=16 if last else 6)
    keys = tuple(field.key for field in fields)
    return Command(name, layout, reads_back=keys, **attributes)


@hookimpl
def declare_portal_views() -> Iterable[View]:
    strings = [f"pv_{n:02}_{quantity}" for n in range(1, 5) for quantity in ("voltage", "current")]
    yield View("PV strings", ("input_power", *strings))
    phases = [f"active_grid_{phase}_power" for phase in "ABC"]
    yield View("Grid", ("power_meter_active_power", *phases, "active_grid_frequency"))
    batteries = ("state_of_capacity", "charge_discharge_power", "bus_voltage", "bus_current")
    yield View("Battery", tuple(f"storage_{quantity}" for quantity in batteries))


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
