"""Janitza UMG 604 power analyser: holding registers, pairs of them a float, energy in Wh.

Its registers are those of the UMG 104.
"""

from collections.abc import Iterable

from thingwright import Component, Datapoint, Decoder, Source, hookimpl, register_table

TABLE = register_table(__file__)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "openems",
        "OpenEMS",
        "B",
        "github.com/OpenEMS/openems at 0e4ea888, MeterJanitzaUmg604Impl.java",
        "EPL-2.0, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "UMG 604", vendor="Janitza")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 1317, 56)
    yield TABLE.answer("frequency", 1439, 2)
    yield TABLE.answer("energy", 9851, 14)
