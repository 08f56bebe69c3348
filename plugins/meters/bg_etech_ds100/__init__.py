"""B+G e-tech DS100 three-phase meter on RS485: holding registers with whole numbers.

Each counter has its own page of registers, that of all exported energy far from the others.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/ds100.go",
        "BSD-3-Clause",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "DS100", vendor="B+G e-tech")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("energy", 0x010E, 22)
    yield TABLE.answer("measurements", 0x0400, 58)
    yield TABLE.answer("energy_l1", 0x0500, 22)
    yield TABLE.answer("energy_l2", 0x0564, 22)
    yield TABLE.answer("energy_l3", 0x05C8, 22)
    yield TABLE.answer("energy_export", 0x118A, 2)
