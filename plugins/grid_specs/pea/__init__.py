"""PEA grid connection code for inverters (B.E. 2559, 2016), Thailand.

Every row is recalled and shows as unverified. The metropolitan operator MEA has its own.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source("memory", "Recalled, not read anywhere", "unverified")


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
