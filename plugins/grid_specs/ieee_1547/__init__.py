"""IEEE 1547-2018, United States: abnormal performance categories I, II and III.

Stages and functions are the defaults that two public implementations of the standard and of its
tests hold; where both agree the row says so. The constant power factor is a sample's.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "opender_and_ul1741sb_code",
        "OpenDER and the UL1741SB test code agree",
        "A-",
        "github.com/epri-dev/OpenDER at fe7877c6; github.com/ua-kxie/UL1741SB at dd11a39d",
        "facts only",
    )
    yield Source(
        "opender",
        "OpenDER 2.2.0, standard values",
        "A-",
        "github.com/epri-dev/OpenDER at fe7877c6",
        "BSD-3-Clause",
    )
    yield Source(
        "ul1741sb_code",
        "Test code for UL 1741 SB",
        "B",
        "github.com/ua-kxie/UL1741SB at dd11a39d, pyUL1741SB/eut.py",
        "MIT",
    )


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
