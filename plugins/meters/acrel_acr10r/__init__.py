"""Acrel ACR10R, the grid meter with current transformers of a SMILE system.

It is heard through the EMS: the inverter's channel `grid_meter` carries its values. No figure of
its nameplate is public; a current transformer ratio of 120 was seen configured.
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
    yield Component("meter", "ACR10R", vendor="Acrel", doc="With current transformers")
