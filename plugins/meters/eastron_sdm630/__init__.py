"""Eastron SDM630 three-phase meter on RS485: input registers (function 4), pairs of them a float.

One read may ask for at most 40 values, 80 registers. The first channel is exactly that; the other
two hold what is farther up. Notes are those of the SDM630MCT user manual, section 4.3.1.
"""

from collections.abc import Iterable

from thingwright import Component, Datapoint, Decoder, Source, hookimpl, register_table
from thingwright.layout import modbus_rtu, registers

TABLE = register_table(__file__)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "mbmd",
        "mbmd, Modbus meter daemon",
        "B+",
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/sdm.go",
        "BSD-3-Clause",
    )
    yield Source(
        "nmakel_sdm_modbus",
        "sdm_modbus 0.7.0",
        "B",
        "github.com/nmakel/sdm_modbus at fead3528",
        "MIT",
    )
    yield Source(
        "eastron_manual",
        "SDM630MCT-ML user manual V1.2, page 31: which sign is import",
        "A-",
        "www.easymanua.ls/eastron/sdm630mct-ml/manual?p=31",
        "vendor document (facts only)",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "SDM630", vendor="Eastron")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield answer("measurements", 0, 80)
    yield answer("distortion", 234, 16)
    yield answer("energy", 342, 40)


def answer(channel: str, first: int, count: int) -> Decoder:
    """The answer to a read of `count` registers."""
    fields = TABLE.fields(first, first + count - 1, table="input")
    return Decoder(channel, modbus_rtu(registers(first, *fields, counts=count), function=4))
