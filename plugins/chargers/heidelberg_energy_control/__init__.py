"""Heidelberg (Amperfied) Energy Control wallbox on RS485: 19200 baud, even parity.

What it measures are input registers, its settings are holding registers. It reports apparent power
only. Without Modbus traffic for the watchdog timeout it charges with the failsafe current; it falls
asleep unless standby is disabled.
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
from thingwright.layout import modbus_rtu, modbus_write, registers

TABLE = register_table(__file__, enums="enums.csv")


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "evcc",
        "evcc, its Heidelberg charger",
        "B",
        "github.com/evcc-io/evcc at b29b49e3, charger/heidelberg-ec.go",
        "facts only",
    )
    yield Source(
        "wbec",
        "wbec, a Wi-Fi interface to the charger",
        "B",
        "github.com/steff393/wbec, README.md, src/mbComm.cpp",
        "facts only",
    )
    yield Source(
        "walther",
        "Walther-Werke basicEVO PRO manual, page 17: the same register layout in another housing",
        "B",
        "manual of basicEVO PRO, Modbus register table",
        "vendor document (facts only)",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("charger", "Energy Control", vendor="Heidelberg")


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    measured = registers(4, *TABLE.fields(4, 18, table="input"), counts=15)
    yield Decoder("measurements", modbus_rtu(measured, function=4))
    yield Decoder("settings", modbus_rtu(registers(257, *TABLE.fields(257, 262), counts=6)))


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_faults() -> Iterable[Fault]:
    yield Fault(
        "vehicle_status", "derating", equals=8, label="Derating", doc="Less current than allowed"
    )
    yield Fault("vehicle_status", "state_e", equals=9, label="State E: error", severity="critical")
    yield Fault(
        "vehicle_status",
        "state_f",
        equals=10,
        label="State F: locked or not ready",
        severity="info",
        doc="Also while it is locked by Modbus or by its terminal",
    )
    yield Fault("vehicle_status", "error", equals=11, label="Error", severity="critical")


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield Command(
        "set_max_current",
        written(261),
        limits={"max_current": (6, 16)},
        reads_back="max_current",
        doc="Held until the watchdog ends it",
    )
    yield Command(
        "pause_charging", written(261), constants={"max_current": 0}, reads_back="max_current"
    )
    yield Command(
        "set_failsafe_current",
        written(262),
        limits={"failsafe_current": (0, 16)},
        reads_back="failsafe_current",
        doc="Charged with when Modbus is silent: with 0, or 6 A and more",
    )
    yield Command(
        "set_watchdog_timeout",
        written(257),
        reads_back="watchdog_timeout",
        doc="0 turns the watchdog off: then a limit holds for ever",
    )
    yield Command("set_standby", written(258), reads_back="standby_config", risk="safe")
    yield Command(
        "lock",
        written(259),
        constants={"remote_lock": 0},
        reads_back="remote_lock",
        risk="disruptive",
        doc="State F; leaving it takes about ten seconds",
    )
    yield Command("unlock", written(259), constants={"remote_lock": 1}, reads_back="remote_lock")


def written(register: int) -> Any:
    """One register, by function 16."""
    return modbus_write(registers(register, *TABLE.fields(register, register)))


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
