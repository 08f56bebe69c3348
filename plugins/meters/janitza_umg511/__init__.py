"""Janitza UMG 511 power quality analyser: holding registers, pairs of them a float."""

from collections.abc import Iterable

from thingwright import Component, Datapoint, Decoder, Source, hookimpl, register_table

TABLE = register_table(__file__)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "openems",
        "OpenEMS",
        "B",
        "github.com/OpenEMS/openems at 0e4ea888, MeterJanitzaUmg511Impl.java",
        "EPL-2.0, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "UMG 511", vendor="Janitza")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("phases", 3845, 30)
    yield TABLE.answer("sums", 3925, 4)
    yield TABLE.answer("frequency", 3995, 2)
    yield TABLE.answer("energy", 19068, 10)
