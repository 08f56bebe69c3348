"""RD 1699/2011, Spain: generators of small power.

This is what a certified micro-inverter stores under that name, not the text of the decree.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "hoymiles_profile",
        "Grid profile ES_RD1699 of certified micro-inverters",
        "B",
        "tables of github.com/tbnobody/OpenDTU at b6f0353b; issue 1606",
        "facts only",
    )


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
