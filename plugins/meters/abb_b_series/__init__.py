"""ABB A and B series meters on RS485: holding registers with whole numbers, energy of four words.

A value that the meter does not have is all ones, and the highest number where it has a sign: the
B21 has none of single phases.
"""

from collections.abc import Iterable

from thingwright import Component, Datapoint, Decoder, Source, hookimpl, register_table

TABLE = register_table(__file__)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "mbmd",
        "mbmd, Modbus meter daemon",
        "B",
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/abb.go",
        "BSD-3-Clause",
    )
    yield Source(
        "victron_dbus_modbus_client",
        "Victron's Modbus client",
        "B",
        "github.com/victronenergy/dbus-modbus-client at fe12d8c9, abb.py",
        "no licence file, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "B series (B21, B23, B24)", vendor="ABB")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("energy", 0x5000, 8)
    yield TABLE.answer("energy_phases", 0x5460, 24)
    yield TABLE.answer("measurements", 0x5B00, 62)
