"""Alfen Eve and other NG9xx chargers, one socket of them, by Modbus TCP.

The unit is the socket: 1 or 2. A charger with two sockets is two chargers here. Numbers are floats,
and one that the charger has not is not a number.
"""

from collections.abc import Iterable
from pathlib import Path

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
FAULTED = ("E", "F")
"""States of IEC 61851-1 in which nothing can be charged: no pilot signal, and not available."""


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "evcc",
        "evcc, its Alfen charger",
        "B",
        "github.com/evcc-io/evcc at b29b49e3, charger/alfen.go",
        "facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("charger", "NG9xx", vendor="Alfen")


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    """The reads that are known to work: one for each quantity."""
    yield answer("voltages", 306, 6)
    yield answer("currents", 320, 6)
    yield answer("power", 344, 2)
    yield answer("energy", 374, 4)
    yield answer("state", 1201, 5)
    yield answer("max_current", 1210, 2)
    yield answer("phases", 1215, 1)


def answer(channel: str, first: int, count: int) -> Decoder:
    """The answer to a read of `count` registers."""
    fields = TABLE.fields(first, first + count - 1)
    return Decoder(channel, modbus_rtu(registers(first, *fields, counts=count)))


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from TABLE.datapoints()
    yield Datapoint(
        "faulted",
        of="mode3_state",
        computed=faulted,
        doc="1 in state E or F of IEC 61851-1",
    )


def faulted(mode3_state: str) -> int:
    return int(mode3_state.startswith(FAULTED))


@hookimpl
def declare_faults() -> Iterable[Fault]:
    yield Fault("faulted", "not_available", equals=1, label="Not available", severity="critical")


@hookimpl
def declare_commands() -> Iterable[Command]:
    current = modbus_write(registers(1210, *TABLE.fields(1210, 1210)))
    yield Command(
        "set_max_current",
        current,
        limits={"max_current": (6, None)},
        reads_back="max_current",
        doc="Without a new one within its validity time the charger takes its safe current",
    )
    yield Command(
        "pause_charging",
        current,
        constants={"max_current": 0},
        reads_back="max_current",
        doc="0 A; to be repeated like any current",
    )
    yield Command(
        "set_phases",
        modbus_write(registers(1215, *TABLE.fields(1215, 1215)), function=6),
        reads_back="phases",
        risk="disruptive",
        doc="Charging pauses while the charger switches",
    )


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
