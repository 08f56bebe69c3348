"""Pylontech low-voltage batteries (US2000, US3000, US5000) on CAN: 500 kbit/s, 11-bit identifiers.

A gateway hands on what a Linux CAN socket gives it: one or more records of 16 bytes, in any order
and number. Identifiers that are not listed here, such as 0x35A and 0x35F of protocol 1.3, are left
alone. Other makers' batteries speak this protocol too; 0x35E says whose it is.
"""

from collections.abc import Callable, Iterable

from attrs import evolve

from thingwright import Component, Datapoint, Decoder, Fault, Source, hookimpl
from thingwright.layout import can_frames, i16, octet_string, text, u8, u16

FRAMES = can_frames(
    {
        0x351: octet_string(
            u16("charge_voltage_limit", scale=0.1),
            i16("charge_current_limit", scale=0.1),
            i16("discharge_current_limit", scale=0.1),
            u16("discharge_voltage_limit", scale=0.1),
            size=(6, 8),
        ),
        0x355: (u16("soc"), u16("soh")),
        0x356: (
            i16("battery_voltage", scale=0.01),
            i16("battery_current", scale=0.1),
            i16("battery_temperature", scale=0.1),
        ),
        0x359: (
            u8("protection_flags_1"),
            u8("protection_flags_2"),
            u8("alarm_flags_1"),
            u8("alarm_flags_2"),
            u8("module_count"),
            text("signature", 2),
        ),
        0x35C: (u8("charge_request_flags"),),
        0x35E: (text("manufacturer", 8),),
    }
)

REQUESTS = {
    7: ("charge_enable", "The battery can be charged"),
    6: ("discharge_enable", "The battery can be discharged"),
    5: ("charge_immediately_1", "Charge now, first stage"),
    4: ("charge_immediately_2", "Charge now, second stage"),
    3: ("full_charge_request", "Charge until full, so that the state of charge counts right again"),
}
"""Bits of 0x35C byte 0."""

OVER_VOLTAGE = 1
FLAGS_1 = {
    OVER_VOLTAGE: ("over_voltage", "Cell or module over voltage"),
    2: ("under_voltage", "Cell or module under voltage"),
    3: ("over_temperature", "Cell over temperature"),
    4: ("under_temperature", "Cell under temperature"),
    7: ("discharge_over_current", "Discharge over current"),
}
"""Bits of 0x359 byte 0 (protection) and byte 2 (alarm); over voltage from a public table only."""


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "battery_emulator",
        "Battery-Emulator, its Pylontech CAN side",
        "B",
        "github.com/dalathegreat/Battery-Emulator, Software/src/inverter/PYLON-*.cpp",
        "GPL-3.0 (facts only)",
    )
    yield Source(
        "setfirelabs",
        "Frames of two stacks of US5000, printed by their owner",
        "A-",
        "www.setfirelabs.com/energy-monitoring/pylontech-battery-can-comms-v1-2-vs-v1-3",
        "web page (facts only)",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("battery", "Pylontech low-voltage battery, CAN", vendor="Pylontech")


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield Decoder("can", FRAMES)


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield Datapoint("charge_voltage_limit", "V", group="limits", range=(0, None))
    yield Datapoint("charge_current_limit", "A", group="limits")
    yield Datapoint("discharge_current_limit", "A", group="limits")
    yield Datapoint(
        "discharge_voltage_limit",
        "V",
        group="limits",
        range=(0, None),
        confidence="unverified",
        doc="Sent by many batteries, left out by others",
    )
    yield Datapoint("soc", "%", "battery.soc", label="State of charge", range=(0, 100))
    yield Datapoint("soh", "%", "battery.soh", label="State of health", range=(0, 100))
    yield Datapoint("battery_voltage", "V", range=(0, None))
    yield Datapoint(
        "battery_current",
        "A",
        positive="charging",
        confidence="C",
        doc="The source says plus is charging, as in the maker's RS485 protocol, but its code "
        "compares it with the discharge limit the other way round: check on the installation",
    )
    yield Datapoint("battery_temperature", "degC", range=(-50, 150))
    yield Datapoint(
        "battery_power",
        "W",
        "battery.power",
        positive="charging",
        confidence="C",
        of=("battery_voltage", "battery_current"),
        computed=power,
        doc="Voltage times current; its sign is that of the current",
    )
    for number in (1, 2):
        yield Datapoint(f"protection_flags_{number}", group="flags")
        yield Datapoint(f"alarm_flags_{number}", group="flags")
    yield Datapoint("module_count", group="identity")
    yield Datapoint("signature", group="identity", doc="PN")
    yield Datapoint("manufacturer", group="identity", doc="PYLON from Pylontech itself")
    yield Datapoint("charge_request_flags", group="requests")
    for position, (key, doc) in REQUESTS.items():
        yield Datapoint(
            key, group="requests", doc=doc, of="charge_request_flags", computed=bit(position)
        )


def power(voltage: float, current: float) -> float:
    return voltage * current


def bit(position: int) -> Callable[[int], int]:
    """1 or 0, as one bit of a byte says."""
    return lambda flags: flags >> position & 1


@hookimpl
def declare_faults() -> Iterable[Fault]:
    """A protection has cut the battery off; an alarm comes before it."""
    yield protection("protection_flags_2", 0, "charge_over_current", "Charge over current")
    yield protection("protection_flags_2", 3, "system_error", "System error")
    yield alarm("alarm_flags_2", 0, "charge_high_current", "Charge high current")
    yield alarm("alarm_flags_2", 7, "bms_internal", "BMS internal")
    for position, (code, label) in FLAGS_1.items():
        yield protection("protection_flags_1", position, code, label)
        yield alarm("alarm_flags_1", position, code, label)


def protection(byte: str, position: int, code: str, label: str) -> Fault:
    return evolve(
        alarm(byte, position, code, label),
        code=f"{code}_protection",
        label=f"{label} (protection)",
        severity="protection",
    )


def alarm(byte: str, position: int, code: str, label: str) -> Fault:
    return Fault(
        byte,
        f"{code}_alarm",
        bit=position,
        label=f"{label} (alarm)",
        confidence="unverified" if position == OVER_VOLTAGE else "",
    )
