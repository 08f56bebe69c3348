"""EN 50438, settings that one inverter has for the Netherlands, the EU and Poland.

Frequency stages only. Vendor codes are not told: their labels do not say which edition is meant.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source("sungrow_sg2k5s_manual", "Sungrow SG2K5-S manual", "B", "page 20")


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
