"""EREC G99 (1-6 2020) and G98 (1-4), Great Britain.

The stages of G99 are those of a maker's profile, whose times are a little longer than the statutory
ones. Those of G98 are taken to equal G99 type A at low voltage, recalled, and show as unverified.
Vendor codes are not told: their labels name the document but no issue and amendment.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "enphase_api_docs",
        "Grid profile G99-1-6:2020 UK:1.2.10 as an Enphase gateway gives it",
        "B",
        "github.com/Matthew1471/Enphase-API at 1b434ac3, IQ Gateway API/Installer/AGF/Details.adoc",
        "facts only",
    )
    yield Source("memory", "Recalled, not read anywhere", "unverified")


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
