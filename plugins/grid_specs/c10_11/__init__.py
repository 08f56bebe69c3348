"""Synergrid C10/11, Belgium: generators at the distribution grid, edition 2.2 (2021-03).

Every row is recalled and shows as unverified. The ten-minute stage takes the average of the voltage
over ten minutes; its time is the delay after that.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source("memory", "Recalled, not read anywhere", "unverified")


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
