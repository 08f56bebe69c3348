"""AlphaESS AEW2 Wi-Fi module, through which the EMS reaches its server.

Seen as hardware AEW2-0002-03 with firmware 4720119419R. Its signal strength is a value of the
inverter's channel `ems_json`.
"""

from collections.abc import Iterable

from thingwright import Component, Source, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "tidalvirus_capture",
        "Configuration of a SMILE5 in Australia",
        "B",
        "github.com/tidalvirus/alphaess-server at dcacf455",
        "no licence file, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("wifi", "AEW2", vendor="AlphaESS", doc="Hardware AEW2-0002-03")
