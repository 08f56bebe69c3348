"""Eastron SDM54 three-phase meter on RS485: input registers, pairs of them a float.

Two tariffs are counted far above the registers that the maker's other meters have too.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/sdm54.go",
        "BSD-3-Clause",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "SDM54", vendor="Eastron")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 0, 76, table="input")
    yield TABLE.answer("distortion", 234, 16, table="input")
    yield TABLE.answer("energy", 342, 22, table="input")
    yield TABLE.answer("tariffs", 4876, 44, table="input")
