"""ABNT NBR 16149:2013, Brazil: photovoltaic inverters at the grid, 220 V and 60 Hz.

Every row is recalled and shows as unverified.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source("memory", "Recalled, not read anywhere", "unverified")


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
