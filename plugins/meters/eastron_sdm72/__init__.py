"""Eastron SDM72 three-phase meter on RS485, first version: power and energy, nothing else.

Input registers, pairs of them a float, where the larger models of the maker have them too.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/sdm72.go",
        "BSD-3-Clause",
    )
    yield Source(
        "nmakel_sdm_modbus",
        "sdm_modbus",
        "B",
        "github.com/nmakel/sdm_modbus at fead3528, src/sdm_modbus",
        "MIT",
    )
    yield Source(
        "eastron_manual",
        "SDM72D-M user manual V1.5, page 14: what the total is",
        "A-",
        "www.easymanua.ls/eastron/sdm72d-m/manual?p=14",
        "vendor document, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "SDM72", vendor="Eastron")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 52, 24, table="input")
    yield TABLE.answer("totals", 342, 2, table="input")
