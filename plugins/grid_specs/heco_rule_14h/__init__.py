"""Hawaiian Electric Rule 14H, source requirements document 1.1, by groups of islands.

Frequency stages only, second hand from a maker's recommended settings.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "sinexcel_wiki",
        "Sinexcel, recommended grid support settings",
        "C",
        "sinexcel.us/wiki",
    )


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
