"""BYD Battery-Box Premium HVS and HVM: towards the inverter on CAN, and the BMU by Modbus.

CAN is 500 kbit/s with 11-bit identifiers and big-endian numbers; a gateway hands on records as a
Linux CAN socket gives them. The BMU answers Modbus RTU frames on TCP port 8080 of the battery
(192.168.16.254, unit 1). `bmu` is the answer to a read of 21 or 25 registers from 0x0500. `tower`
is the first of four answers of 65 registers from 0x0558, after the number of the tower and 0x8100
were written to 0x0550; the other three hold every cell and are not read here.
"""

from collections.abc import Iterable

from attrs import evolve

from thingwright import (
    Component,
    Datapoint,
    Decoder,
    Fault,
    Rating,
    Source,
    fault_table,
    hookimpl,
    register_table,
)
from thingwright.layout import can_frames, i16, modbus_rtu, registers, u16

TABLE = register_table(__file__)

FRAMES = can_frames(
    {
        0x110: (
            u16("max_charge_voltage", scale=0.1),
            u16("min_discharge_voltage", scale=0.1),
            u16("max_discharge_current", scale=0.1),
            u16("max_charge_current", scale=0.1),
        ),
        0x150: (
            u16("soc", scale=0.01),
            u16("soh", scale=0.01),
            u16("remaining_capacity", scale=0.1),
            u16("full_capacity", scale=0.1),
        ),
        0x1D0: (
            u16("battery_voltage", scale=0.1),
            i16("can_battery_current", scale=0.1),
            i16("average_temperature", scale=0.1),
        ),
        0x210: (i16("max_temperature", scale=0.1), i16("min_temperature", scale=0.1)),
        0x250: (u16("total_capacity", 4, scale=0.1),),
    },
    order="big",
)

WORDS = {
    "errors": ("byd_bmu_errors", "", ""),
    "tower_errors": ("byd_bms_errors", "tower_error_", "Tower: "),
    "tower_warnings_1": ("byd_bms_warnings", "tower_warning_", "Tower: "),
    "tower_warnings_2": ("byd_bms_warnings", "tower_warning_2_", "Tower, second register: "),
    "tower_warnings_3": ("byd_bms_warnings_3", "tower_warning_3_", "Tower, third register: "),
}
"""Register: the table of its bits, and what codes and labels begin with."""

# variant: name, kWh, cells and temperature sensors of a module
MODULES = {"hvs": ("HVS", 2.56, 32, 12), "hvm": ("HVM", 2.76, 16, 8)}


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "battery_emulator",
        "Battery-Emulator, its BYD CAN side",
        "B",
        "github.com/dalathegreat/Battery-Emulator at 62532e94, Software/src/inverter/BYD-CAN.cpp",
        "GPL-3.0 (facts only)",
    )
    yield Source(
        "byd_battery_box_ha",
        "Home Assistant integration BYD Battery-Box",
        "C",
        "github.com/redpomodoro/byd_battery_box at 874b01ed, custom_components/byd_battery_box",
        "facts only",
    )
    yield Source(
        "smarthomeng",
        "SmartHomeNG, its plugin byd_bat: power of 0 and more is discharge",
        "C",
        "github.com/lgb-this/plugins, byd_bat",
        "facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    for variant, (name, capacity, cells, sensors) in MODULES.items():
        ratings = (
            Rating("module_capacity", capacity, "kWh"),
            Rating("cells_per_module", cells),
            Rating("temperature_sensors_per_module", sensors),
        )
        sourced = (evolve(r, source="byd_battery_box_ha", confidence="C") for r in ratings)
        yield Component(
            "battery",
            f"Battery-Box Premium {name}",
            variant,
            vendor="BYD",
            ratings=tuple(sourced),
        )


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield Decoder("can", FRAMES)
    yield answer("bmu", 0x0500, 21, 25)
    yield answer("tower", 0x0558, 65)


def answer(channel: str, first: int, *counts: int) -> Decoder:
    """The answer to a read of one of `counts` registers."""
    fields = TABLE.fields(first, first + max(counts) - 1)
    return Decoder(channel, modbus_rtu(registers(first, *fields, counts=counts)))


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from TABLE.datapoints()
    yield Datapoint(
        "battery_power",
        "W",
        "battery.power",
        label="Battery power",
        group="bmu",
        positive="discharging",
        source="smarthomeng",
        of=("output_voltage", "battery_current"),
        computed=power,
        doc="Output voltage times current; its sign is that of the current",
    )
    yield on_can("max_charge_voltage", "V")
    yield on_can("min_discharge_voltage", "V")
    yield on_can("max_discharge_current", "A")
    yield on_can("max_charge_current", "A")
    capacity = "Tenths, as issue 562 of the source found; the fact table had left the scale open"
    yield on_can("remaining_capacity", "Ah", capacity)
    yield on_can("full_capacity", "Ah", capacity)
    yield on_can("can_battery_current", "A", "Which direction plus means is not published")
    for key in ("average_temperature", "max_temperature", "min_temperature"):
        yield evolve(on_can(key, "degC"), range=(-50, 150))
    yield on_can("total_capacity", "kWh")


def on_can(key: str, unit: str, doc: str = "") -> Datapoint:
    return Datapoint(key, unit, group="can", source="battery_emulator", doc=doc)


def power(voltage: float, current: float) -> float:
    return voltage * current


@hookimpl
def declare_faults() -> Iterable[Fault]:
    for key, (bits, prefix, words) in WORDS.items():
        for fault in fault_table(__file__, {bits: key}):
            yield evolve(fault, code=prefix + fault.code, label=words + fault.label)
