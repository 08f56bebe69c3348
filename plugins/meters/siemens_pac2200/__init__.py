"""Siemens PAC2200 three-phase meter: floats of two registers, energy in Wh as floats of four.

Functions 3 and 4 read the same registers (manual, A.1.3); here it is 4. A read may not begin in the
middle of a value. Energy is that of tariff 1 alone; the registers of tariff 2 lie between.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/pac2200.go",
        "BSD-3-Clause",
    )
    yield Source(
        "openems",
        "OpenEMS",
        "B",
        "github.com/OpenEMS/openems at 0e4ea888, MeterSiemensPac2200Impl.java",
        "EPL-2.0, facts only",
    )
    yield Source(
        "siemens_manual",
        "SENTRON PAC2200 manual L1V30415167B-02, page 89",
        "A-",
        "www.easymanua.ls/siemens/sentron-pac2200/manual?p=91",
        "vendor document, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "PAC2200", vendor="Siemens")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 1, 70, table="input")
    yield TABLE.answer("energy", 801, 12, table="input")
