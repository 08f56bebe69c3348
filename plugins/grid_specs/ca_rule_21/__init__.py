"""California Rule 21 (UL 1741 SA), phase 1.

Voltage stages are told alike by a micro-inverter's profile and a manual; frequency stages and the
reconnection by the profile alone. The curves are recalled and show as unverified.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "delta_m42u_manual_and_hoymiles_profile",
        "Delta M42U manual, and the grid profile US_Rule21_240V of certified micro-inverters",
        "A-",
        "manual page 100; github.com/tbnobody/OpenDTU pull request 1590",
        "facts only",
    )
    yield Source(
        "hoymiles_profile",
        "Grid profile US_Rule21_240V of certified micro-inverters",
        "B",
        "tables of github.com/tbnobody/OpenDTU at b6f0353b; pull request 1590",
        "facts only",
    )
    yield Source("memory", "Recalled, not read anywhere", "unverified")


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
