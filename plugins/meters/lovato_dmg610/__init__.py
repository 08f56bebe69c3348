"""Lovato DMG610 power meter on RS485: input registers with whole numbers, energy of four words.

Addresses are one below those of the maker's paper.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/dmg610.go",
        "BSD-3-Clause",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "DMG610", vendor="Lovato Electric")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 0x0001, 88, table="input")
    yield TABLE.answer("energy", 0x1B1F, 16, table="input")
    yield TABLE.answer("energy_l1", 0x1E1F, 8, table="input")
    yield TABLE.answer("energy_l2", 0x1E47, 8, table="input")
    yield TABLE.answer("energy_l3", 0x1E6F, 8, table="input")
