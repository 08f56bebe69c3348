"""GoodWe ET, EH and BT hybrid inverters, as their Wi-Fi dongle answers on UDP port 8899.

An answer is AA 55 and then Modbus RTU: unit F7, function 3, byte count, registers, CRC. A channel
is the answer to one read; `registers.csv` holds the registers, `enums.csv` and `faults.csv` their
meanings. Requests go without the AA 55. A register of ones is one that the device does not have.
"""

from collections.abc import Iterable
from pathlib import Path

from attrs import evolve

from thingwright import (
    Command,
    Component,
    Datapoint,
    Decoder,
    Fault,
    Rating,
    Source,
    View,
    fault_table,
    hookimpl,
    product_files,
    register_table,
    total,
)
from thingwright.layout import modbus_rtu, modbus_write, registers

PREFIX = b"\xaa\x55"
UNIT = 0xF7
DEAD_BAND = 90
"""Watts at the grid connection that still count as idle (goodwe_lib, sensor.py)."""
BATTERIES = (("battery1", "battery", "Battery"), ("battery2", "battery2", "Battery 2"))
"""Slot, stem of its keys, name."""

TABLE = register_table(__file__, enums="enums.csv", traits="traits.csv")


@hookimpl
def declare_sources() -> Iterable[Source]:
    repository = "github.com/marcelblijleven/goodwe at 66dfcdd9"
    yield Source("goodwe_lib", "GoodWe UDP/TCP library", "B", repository, "MIT")
    yield Source(
        "goodwe_capture",
        "Frames captured from a GW10K-ET and what the library reads in them",
        "B",
        f"{repository}, tests/sample/et",
        "MIT",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    rated_power = Rating("rated_power", 10_000, "W", source="goodwe_capture", confidence="B")
    yield Component("inverter", "GW10K-ET", vendor="GoodWe", ratings=(rated_power,))


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield answer("device_info", 35000, 33)
    yield answer("running", 35100, 125)
    yield answer("battery2_running", 35262, 6, doc="Models with two battery inputs")
    yield answer("mppt", 35301, 61, 64, doc="Models of 15 kW and more; 61 lack the last two values")
    yield answer("meter", 36000, 45, 58, 125, doc="58 and 125 registers in newer firmware")
    yield answer("battery", 37000, 24)
    yield answer("battery2", 39000, 22)
    yield answer("communication_settings", 45127, 7)
    yield answer("general_settings", 45200, 89)
    yield answer("battery_settings", 45350, 9)
    yield answer("power_factor_setting", 45482, 1)
    yield answer("mode_settings", 47000, 121)
    yield answer("ems_settings", 47500, 31, 104, 113, doc="104 from ARM firmware 19, 113 from 22")
    yield answer("soc_setting", 47760, 1)
    yield answer("bms", 47900, 36, doc="What the inverter and the battery management agreed on")


def answer(channel: str, start: int, *counts: int, doc: str = "") -> Decoder:
    """The dongle's answer to a read of one of `counts` registers from `start`."""
    fields = TABLE.fields(start, start + max(counts) - 1)
    layout = registers(start, *fields, counts=counts)
    return Decoder(channel, modbus_rtu(layout, unit=UNIT, prefix=PREFIX), doc=doc)


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from map(with_fallback, TABLE.datapoints())
    yield Datapoint(
        "ppv",
        "W",
        "pv.power",
        label="PV Power",
        group="pv",
        of=("ppv1", "ppv2", "ppv3", "ppv4"),
        computed=total,
        partial=True,
    )
    yield Datapoint(
        "house_consumption",
        "W",
        "load.power",
        label="House Consumption",
        group="load",
        of=("ppv", "pbattery1", "active_power"),
        computed=house_consumption,
        source="goodwe_capture",
        doc="Captured: 3456 - 2512 + 3 W. Holds the losses of the inverter, no second battery",
    )
    for key, label in (("grid_in_out", "On-grid Mode code"), ("grid_in_out_label", "On-grid Mode")):
        yield Datapoint(
            key,
            label=label,
            group="grid",
            of="active_power",
            computed=grid_in_out,
            enum=TABLE.enums["goodwe_grid_in_out_modes"] if key.endswith("_label") else None,
        )
    for slot, stem, name in BATTERIES:
        for word in ("error", "warning"):
            yield Datapoint(
                f"{stem}_{word}",
                label=f"{name} {word.title()}",
                group=name.lower(),
                about=slot,
                of=(f"{stem}_{word}_h", f"{stem}_{word}_l"),
                computed=joined,
            )


def with_fallback(datapoint: Datapoint) -> Datapoint:
    """The meter's energy comes from its older float registers where an answer ends before 36104."""
    if datapoint.key not in ("meter_e_total_exp", "meter_e_total_imp"):
        return datapoint
    return evolve(datapoint, of=f"{datapoint.key}_float", computed=float)


def house_consumption(ppv: float, pbattery1: float, active_power: float) -> float:
    """What the inverter gives out and does not export."""
    return ppv + pbattery1 - active_power


def grid_in_out(active_power: float) -> int:
    """The number in `goodwe_grid_in_out_modes`."""
    if active_power >= DEAD_BAND:
        return 1
    return 2 if active_power < -DEAD_BAND else 0


def joined(high: float, low: float) -> int:
    """Two registers far apart as one word."""
    return int(high) << 16 | int(low)


@hookimpl
def declare_faults() -> Iterable[Fault]:
    yield from fault_table(__file__, {"goodwe_error_codes": "errors"})
    for slot, stem, name in BATTERIES:
        words = {
            "goodwe_bms_alarm_codes": f"{stem}_error",
            "goodwe_bms_warning_codes": f"{stem}_warning",
        }
        for fault in fault_table(__file__, words):
            yield evolve(fault, code=f"{slot}_{fault.code}", label=f"{name}: {fault.label}")


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield Command(
        "set_grid_export_limit",
        modbus_write(registers(47509, *TABLE.fields(47509, 47510)), unit=UNIT),
        constants={"grid_export": 1},
        reads_back=("grid_export", "grid_export_limit"),
    )
    yield Command(
        "lift_grid_export_limit",
        modbus_write(registers(47509, *TABLE.fields(47509, 47509)), unit=UNIT, function=6),
        constants={"grid_export": 0},
        reads_back=("grid_export",),
        lifts="max_export",
    )
    yield Command(
        "set_work_mode",
        modbus_write(registers(47000, *TABLE.fields(47000, 47000)), unit=UNIT, function=6),
        reads_back=("work_mode_setting",),
        risk="disruptive",
        doc="Off-grid also needs backup supply, cold start and EMS mode (goodwe_lib, et.py)",
    )
    yield Command(
        "set_ems_mode",
        modbus_write(registers(47511, *TABLE.fields(47511, 47512)), unit=UNIT),
        reads_back=("ems_mode", "ems_power_limit"),
        risk="disruptive",
        doc="In most modes the limit is the power that the battery or the grid is held to",
    )
    yield Command(
        "set_battery_discharge_depth",
        modbus_write(registers(45356, *TABLE.fields(45356, 45356)), unit=UNIT, function=6),
        reads_back=("battery_discharge_depth",),
        doc="The library writes 100 % minus the depth of discharge here",
    )


@hookimpl
def declare_portal_views() -> Iterable[View]:
    strings = [f"{quantity}pv{string}" for string in range(1, 5) for quantity in "vip"]
    yield View("PV strings", ("ppv", *strings))
    phases = [f"{quantity}grid{phase}" for phase in ("", "2", "3") for quantity in "vifp"]
    yield View("Grid", ("active_power", "grid_in_out_label", "grid_mode_label", *phases))
    outputs = [f"backup_{quantity}{phase}" for phase in range(1, 4) for quantity in "vifp"]
    yield View("Backup", ("backup_ptotal", "ups_load", *outputs))
    yield View(
        "Battery",
        ("battery_soc", "pbattery1", "vbattery1", "ibattery1", "battery_mode_label"),
    )


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
