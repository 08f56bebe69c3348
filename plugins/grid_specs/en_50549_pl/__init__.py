"""PN-EN 50549-1:2019, Poland: generators at the low-voltage grid.

This is what a certified micro-inverter stores under that name, not the text of the standard. The
profile stores magnitudes: that the last point of the volt-var curve absorbs was concluded.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "hoymiles_profile",
        "Grid profile PL_PN-EN 50549-1:2019 of certified micro-inverters",
        "B",
        "tables of github.com/tbnobody/OpenDTU at b6f0353b; issue 3186",
        "facts only",
    )


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
