"""Schneider Electric iEM3000 series on RS485: holding registers, one below the paper's numbers.

Measurements are floats of two registers, power in kW; energy is a signed number of four, in Wh.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/iem3000.go",
        "BSD-3-Clause",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "iEM3000 series", vendor="Schneider Electric")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 2999, 78)
    yield TABLE.answer("frequency", 3109, 2)
    yield TABLE.answer("energy", 3203, 24)
    yield TABLE.answer("energy_phases", 3517, 12)
