"""Eastron SDM230 single-phase meter on RS485: input registers, pairs of them a float.

Its registers are those of the SDM120, with the phase angle besides.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/sdm230.go",
        "BSD-3-Clause",
    )
    yield Source(
        "nmakel_sdm_modbus",
        "sdm_modbus",
        "B",
        "github.com/nmakel/sdm_modbus at fead3528, src/sdm_modbus",
        "MIT",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "SDM230", vendor="Eastron")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 0, 80, table="input")
    yield TABLE.answer("totals", 342, 4, table="input")
