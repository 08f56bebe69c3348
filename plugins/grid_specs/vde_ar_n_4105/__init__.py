"""VDE-AR-N 4105, Germany: generators at the low-voltage grid, editions 2018-11 and 2011-08.

Both are what a certified micro-inverter stores under the name of the edition, not the text of the
rule. Vendor codes are those whose label names the edition; others say VDE-AR-N 4105 and no more.
The export rule is an example that the operations guide gives for the country.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "hoymiles_profile",
        "Grid profiles DE_VDE4105_2018 and DE_VDE4105_2011 of certified micro-inverters",
        "B",
        "tables of github.com/tbnobody/OpenDTU at b6f0353b; github.com/lumapu/ahoy issue 1304",
        "facts only",
    )
    yield Source("guide", "AlphaESS operations portal guide", "C")


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
