"""CEI 0-21, Italy: generators at the low-voltage grid, editions from 2019-04 and before.

The older one is what an inverter's auto-test shows, thresholds without times; the newer one is
recalled and shows as unverified. Stages carry the marks of the rule: 59 is over-voltage, 27
under-voltage, 81 frequency; 59.S1 is a ten-minute average.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source("sungrow_sh3k6_manual", "Sungrow SH3K6 manual", "B", "page 92")
    yield Source("sungrow_sg2k5s_manual", "Sungrow SG2K5-S manual", "B", "page 20")
    yield Source("memory", "Recalled, not read anywhere", "unverified")


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
