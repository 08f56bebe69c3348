"""Saia Burgess ALE3 three-phase meter on RS485: holding registers, each a whole number.

Addresses are one below those of the maker's paper. Power is in hundredths of kW and kvar, as a
register list says; mbmd takes it for W. Which counters import and which export is not agreed on,
so energy is left out.
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
        "github.com/volkszaehler/mbmd at fb8f9c22, meters/rs485/sbc.go",
        "BSD-3-Clause",
    )
    yield Source(
        "aggsoft",
        "Register list of a data logger for ALD1, ALE3 and AWD3",
        "C",
        "www.aggsoft.com/serial-data-logger/tutorials/modbus-data-logging/saia-energy-meter-ald1-ale3-awd3.htm",
        "web page, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "ALE3", vendor="Saia Burgess Controls")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("measurements", 35, 17)
