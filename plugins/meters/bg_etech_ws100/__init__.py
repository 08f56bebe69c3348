"""B+G e-tech WS100 single-phase meter on RS485: holding registers with whole numbers."""

from collections.abc import Iterable

from thingwright import Component, Datapoint, Decoder, Source, hookimpl, register_table

TABLE = register_table(__file__)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "mbmd",
        "mbmd, Modbus meter daemon",
        "B",
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/ws100.go",
        "BSD-3-Clause",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "WS100", vendor="B+G e-tech")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 0x0100, 36)
