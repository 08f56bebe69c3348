"""Janitza B series meters: holding registers from 19000, pairs of them a float, energy in Wh."""

from collections.abc import Iterable

from thingwright import Component, Datapoint, Decoder, Source, hookimpl, register_table

TABLE = register_table(__file__)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "mbmd",
        "mbmd, Modbus meter daemon",
        "B",
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/janitza.go",
        "BSD-3-Clause",
    )
    yield Source(
        "openems",
        "OpenEMS",
        "B",
        "github.com/OpenEMS/openems at 0e4ea888, io.openems.edge.meter.janitza",
        "EPL-2.0, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "B series (B23)", vendor="Janitza")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 19000, 78)
