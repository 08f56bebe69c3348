"""Carlo Gavazzi EM330, EM340, ET330 and ET340 on RS485, and the EM24 with Ethernet (EM24_E1).

Input registers with whole numbers, the same in all of them; of a pair the low word comes first.
Victron's client sets the application of an EM24 to H, a 7 in register A000h, before it reads.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/carlogavazzi-ex3x0.go, "
        "carlogavazzi-em24_e1.go",
        "BSD-3-Clause",
    )
    yield Source(
        "victron_dbus_modbus_client",
        "Victron's Modbus client",
        "B",
        "github.com/victronenergy/dbus-modbus-client at fe12d8c9, carlo_gavazzi.py",
        "no licence file, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "EM330, EM340, ET330, ET340", vendor="Carlo Gavazzi")
    yield Component("meter", "EM24 Ethernet", "em24_e1", vendor="Carlo Gavazzi")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 0x0000, 52, table="input")
    yield TABLE.answer("energy", 0x0034, 28, table="input")
