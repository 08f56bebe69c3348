"""Pylontech high-voltage batteries (Force H, Powercube) on CAN: 500 kbit/s, 29-bit identifiers.

The last digit of an identifier is the group of the battery: 0x4210 and 0x4211 say the same, and a
payload is one group's. The inverter asks with 0x4200, byte 0 being 0 for the values of the stack
and 2 for what it is made of; a gateway hands on records as a Linux CAN socket gives them. Here
currents have an offset of 3000 A and numbers are little-endian, as in the maker's document;
batteries of other makers that speak this protocol may differ in both.
"""

from collections.abc import Iterable
from typing import Any

from attrs import evolve

from thingwright import Component, Datapoint, Decoder, Enumeration, Source, hookimpl
from thingwright.layout import can_frames, text, u8, u16

ANY_GROUP = 0x1FFF_FFF0


def current(key: str) -> Any:
    return u16(key, scale=0.1, offset=-3000)


def temperature(key: str) -> Any:
    return u16(key, scale=0.1, offset=-100)


FRAMES = evolve(
    can_frames(
        {
            0x4210: (
                u16("battery_voltage", scale=0.1),
                current("battery_current"),
                temperature("bms_temperature"),
                u8("soc"),
                u8("soh"),
            ),
            0x4220: (
                u16("charge_cutoff_voltage", scale=0.1),
                u16("discharge_cutoff_voltage", scale=0.1),
                current("max_charge_current"),
                current("max_discharge_current"),
            ),
            0x4230: (u16("max_cell_voltage", scale=0.001), u16("min_cell_voltage", scale=0.001)),
            0x4240: (temperature("max_cell_temperature"), temperature("min_cell_temperature")),
            0x4250: (
                u8("status", 0, mask=0x07),
                u8("force_charge_request", 0, mask=0x08),
                u8("balance_charge_request", 0, mask=0x10),
            ),
            0x4270: (temperature("max_module_temperature"), temperature("min_module_temperature")),
            0x4280: (u8("charge_forbidden"), u8("discharge_forbidden")),
            0x7320: (
                u16("cell_count"),
                u8("module_count"),
                u8("cells_per_module"),
                u16("nominal_voltage"),
                u16("capacity"),
            ),
            0x7330: (text("manufacturer_1", 8),),
            0x7340: (text("manufacturer_2", 8),),
        }
    ),
    tag_mask=ANY_GROUP,
)

STATUS = Enumeration("pylontech_hv_status", {0: "Sleep", 1: "Charge", 2: "Discharge", 3: "Idle"})
FORBIDDEN = Enumeration("pylontech_hv_forbidden", {0x00: "Allowed", 0xAA: "Forbidden"})
NO_YES = Enumeration("pylontech_hv_request", {0: "No", 1: "Yes"})


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "battery_emulator",
        "Battery-Emulator, its Pylontech high-voltage CAN side",
        "B",
        "github.com/dalathegreat/Battery-Emulator at 62532e94, Software/src/inverter/PYLON-CAN.cpp",
        "GPL-3.0 (facts only)",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("battery", "Pylontech high-voltage battery, CAN", vendor="Pylontech")


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield Decoder("can", FRAMES)


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield Datapoint("battery_voltage", "V")
    yield Datapoint(
        "battery_current",
        "A",
        doc="The versions of the source disagree which direction plus means; the status tells",
    )
    yield Datapoint(
        "battery_power",
        "W",
        "battery.power",
        positive="charging",
        of=("battery_voltage", "battery_current", "status"),
        computed=power,
        doc="Voltage times current, in the direction that the status says; 0 when idle or asleep",
    )
    yield Datapoint("soc", "%", "battery.soc", label="State of charge", range=(0, 100))
    yield Datapoint("soh", "%", "battery.soh", label="State of health", range=(0, 100))
    for part in ("max_cell", "min_cell", "max_module", "min_module", "bms"):
        yield Datapoint(f"{part}_temperature", "degC", range=(-50, 150))
    for part in ("max_cell", "min_cell"):
        yield Datapoint(f"{part}_voltage", "V")
    for limit in ("charge_cutoff", "discharge_cutoff"):
        yield Datapoint(f"{limit}_voltage", "V", group="limits")
    for limit in ("max_charge", "max_discharge"):
        yield Datapoint(f"{limit}_current", "A", group="limits")
    yield Datapoint("status", enum=STATUS)
    for request in ("force_charge_request", "balance_charge_request"):
        yield Datapoint(request, group="requests", enum=NO_YES)
    for direction in ("charge", "discharge"):
        yield Datapoint(f"{direction}_forbidden", group="limits", enum=FORBIDDEN)
    yield Datapoint("cell_count", group="identity")
    yield Datapoint("module_count", group="identity")
    yield Datapoint("cells_per_module", group="identity")
    yield Datapoint("nominal_voltage", "V", group="identity")
    yield Datapoint("capacity", "Ah", group="identity")
    yield Datapoint("manufacturer_1", group="identity")
    yield Datapoint("manufacturer_2", group="identity")


def power(voltage: float, amperes: float, status: float) -> float | None:
    """Plus is charging; None where the status has no published meaning."""
    direction = {0: 0, 1: 1, 2: -1, 3: 0}.get(int(status))
    return None if direction is None else direction * voltage * abs(amperes)
