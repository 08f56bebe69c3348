"""Janitza UMG 96RM-E power analyser: holding registers from 19000, pairs of them a float."""

from collections.abc import Iterable

from thingwright import Component, Datapoint, Decoder, Source, hookimpl, register_table

TABLE = register_table(__file__)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "openems",
        "OpenEMS",
        "B",
        "github.com/OpenEMS/openems at 0e4ea888, MeterJanitzaUmg96rmeImpl.java",
        "EPL-2.0, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "UMG 96RM-E", vendor="Janitza")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 19000, 52)
    yield TABLE.answer("energy", 19068, 10)
