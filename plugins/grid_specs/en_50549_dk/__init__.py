"""EN 50549-1 with the national settings of Denmark, west (DK1) and east (DK2).

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
