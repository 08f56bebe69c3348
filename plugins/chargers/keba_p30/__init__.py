"""KEBA KeContact P30, c-series and x-series, by Modbus TCP (unit 255).

The charger answers one value at a time: a read across values is refused. So every value is a
channel of two registers, named like its datapoint. Writes are single registers, by function 6.
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
    hookimpl,
    product_files,
    register_table,
)
from thingwright.layout import modbus_rtu, modbus_write, registers, u16

UNIT = 255
TABLE = register_table(__file__, enums="enums.csv")
LAST_READ = 1999
"""Registers above are only written."""


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "evcc",
        "evcc, its KEBA charger",
        "B",
        "github.com/evcc-io/evcc at b29b49e3, charger/keba-modbus.go",
        "facts only",
    )
    yield Source(
        "keba_guide",
        "KeContact P30 Modbus TCP Programmers Guide V1.02",
        "A-",
        "www.easymanua.ls/keba/kecontact-p30-c-series/manual, pages 10 to 16",
        "vendor document (facts only)",
    )
    yield Source(
        "tekko",
        "Device library of a building control, its KEBA profile",
        "B",
        "devicelib.tekko-ga.com/profile_list.php?id_dv=119&id_pr=1",
        "facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("charger", "KeContact P30", vendor="KEBA")


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    for item in TABLE.fields(0, LAST_READ):
        layout = registers(item.at[0], item, counts=2)
        yield Decoder(item.key, modbus_rtu(layout, unit=UNIT))


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from TABLE.datapoints()
    yield Datapoint(
        "firmware_version",
        of="firmware",
        computed=version,
        doc="The guide (3.9) reads its example 0x30A0D00 as 3.10.14, though 0D is 13",
        trait="component.firmware",
    )


def version(firmware: int) -> str:
    return ".".join(str(firmware >> shift & 0xFF) for shift in (24, 16, 8))


@hookimpl
def declare_faults() -> Iterable[Fault]:
    yield Fault(
        "charging_state",
        "error",
        equals=4,
        label="Error of the charger",
        severity="critical",
        advice="Look up the error code in the manual, in hexadecimal",
    )


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield Command(
        "set_charging_current",
        written(5004),
        limits={"set_charging_current": (6, 63)},
        doc="Held until the charger restarts; it can have less than the installation allows",
    )
    yield Command("enable_station", written(5014), label="Enable charger", constants={"enable": 1})
    yield Command(
        "disable_station",
        written(5014),
        label="Disable charger",
        constants={"enable": 0},
        risk="disruptive",
        doc="Ends what is being charged",
    )
    yield Command(
        "set_session_energy",
        written(5010),
        risk="disruptive",
        doc="The session ends by itself when so much is charged",
    )
    yield Command(
        "unlock_plug",
        written(5012),
        constants={"unlock_plug": 0},
        risk="disruptive",
        doc="Disable the charger first: only a suspended one unlocks",
    )
    yield Command(
        "set_failsafe_timeout",
        write(5018, "failsafe_timeout"),
        limits={"failsafe_timeout": (0, 600)},
        reads_back="failsafe_timeout",
        doc="0 is off, else 10 s and more; to be written again within this time",
    )
    yield Command(
        "switch_phases",
        write(5052, "phase_switch_state"),
        reads_back="phase_switch_state",
        risk="disruptive",
        doc="Works where the source of phase switching is Modbus; charging pauses",
    )


def written(address: int) -> Any:
    return modbus_write(registers(address, *TABLE.fields(address, address)), unit=UNIT, function=6)


def write(address: int, key: str) -> Any:
    """One register that is read elsewhere, under its key there."""
    return modbus_write(registers(address, u16(key, address)), unit=UNIT, function=6)


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
