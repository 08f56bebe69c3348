"""DZG DVH4013 three-phase meter on RS485: holding registers, pairs of them a whole number.

Imported and exported power are two values, so that power has a sign only when one is taken from
the other. An address without a value is refused, so each counter is read alone.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/dzg.go",
        "BSD-3-Clause",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "DVH4013", vendor="DZG Metering")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from TABLE.datapoints()
    yield Datapoint(
        "power",
        "W",
        "meter.power",
        label="Power",
        group="power",
        positive="importing",
        of=("power_import", "power_export"),
        computed=net,
        doc="What is imported less what is exported",
    )


def net(imported: float, exported: float) -> float:
    return imported - exported


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 0x0000, 20)
    yield TABLE.answer("energy_import", 0x4000, 2)
    yield TABLE.answer("energy_import_l1", 0x4020, 2)
    yield TABLE.answer("energy_import_l2", 0x4040, 2)
    yield TABLE.answer("energy_import_l3", 0x4060, 2)
    yield TABLE.answer("energy_export", 0x4100, 2)
    yield TABLE.answer("energy_export_l1", 0x4120, 2)
    yield TABLE.answer("energy_export_l2", 0x4140, 2)
    yield TABLE.answer("energy_export_l3", 0x4160, 2)
