"""Janitza UMG 806 power analyser: holding registers from 19000, pairs of them a float.

Its energy has no role: by the maker's other meters the registers are those of phase L1.
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
        "github.com/OpenEMS/openems at 0e4ea888, MeterJanitzaUmg806Impl.java",
        "EPL-2.0, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "UMG 806", vendor="Janitza")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 19000, 52)
    yield TABLE.answer("energy", 19062, 10)
