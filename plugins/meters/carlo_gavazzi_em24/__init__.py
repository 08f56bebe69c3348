"""Carlo Gavazzi EM24 three-phase meter on RS485: input registers with whole numbers.

Of a pair of registers the low word comes first. The Ethernet model has other addresses from the
power factor on; it is a plugin of its own.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/carlogavazzi-em24.go",
        "BSD-3-Clause",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "EM24 (RS485)", vendor="Carlo Gavazzi")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 0x0000, 56, table="input")
    yield TABLE.answer("energy", 0x0042, 28, table="input")
