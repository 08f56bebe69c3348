"""Chint DTSU666 three-phase meter on RS485: holding registers, pairs of them a float.

The floats are whole tenths of V, W and var, thousandths of A and hundredths of Hz: divided as the
table says. Energy alone is in kWh as it stands.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/dtsu666.go",
        "BSD-3-Clause",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "DTSU666", vendor="Chint")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("energy", 0x101E, 18)
    yield TABLE.answer("measurements", 0x2006, 64)
