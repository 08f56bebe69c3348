"""NRS 097-2-1:2017, South Africa: utility interface of embedded generation.

Every row is recalled and shows as unverified; one web page contradicts the over-frequency stage.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source("memory", "Recalled, not read anywhere", "unverified")


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
