"""Orno OR-WE-514 and OR-WE-515 single-phase meters on RS485: holding registers, whole numbers.

Power and energy have no direction. The OR-WE-504 has other registers and is not meant here.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/orno1p.go",
        "BSD-3-Clause",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "OR-WE-514, OR-WE-515", vendor="Orno")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 0x0130, 41)
    yield TABLE.answer("energy", 0xA000, 2)
    yield TABLE.answer("reactive_energy", 0xA01E, 2)
