"""DIN VDE V 0126-1-1/A1 (2012), Germany and France: automatic disconnection device.

Every row is recalled and shows as unverified, except the export rule: an example that the
operations guide gives for Germany.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source("memory", "Recalled, not read anywhere", "unverified")
    yield Source("guide", "AlphaESS operations portal guide", "C")


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
