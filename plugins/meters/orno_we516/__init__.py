"""Orno OR-WE-516 and OR-WE-517 three-phase meters on RS485: holding registers, pairs a float.

Power is sent in kW, kvar and kVA.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/orno3p.go",
        "BSD-3-Clause",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "OR-WE-516, OR-WE-517", vendor="Orno")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 0x000E, 46)
    yield TABLE.answer("energy", 0x0100, 72)
