"""Eastron SDM120 single-phase meter on RS485: input registers, pairs of them a float.

The first channel is a read of 80 registers, the most that the manual of the SDM630 allows.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/sdm120.go",
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
    yield Component("meter", "SDM120", vendor="Eastron")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 0, 80, table="input")
    yield TABLE.answer("totals", 342, 4, table="input")
