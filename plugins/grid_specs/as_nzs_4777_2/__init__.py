"""AS/NZS 4777.2:2020, Australia and New Zealand: regions Australia A, B and C, and New Zealand.

Most stages are recalled and show as unverified; `limits.csv` says of each row whether it was read.
A stage's time is the longest that disconnection may take, where the row says "maximum". AlphaESS
numbers Australia once for all its regions (2) and New Zealand apart (31). The export rule is an
example that the operations guide gives; grid operators differ.
"""

from collections.abc import Iterable

from thingwright import GridSpec, Source, grid_tables, hookimpl


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source("memory", "Recalled, not read anywhere", "unverified")
    yield Source("jemena_spec_quoted", "Connection table of a network operator, second hand", "C")
    yield Source("ciccada_as4777_config", "Constants of a public analysis project", "B")
    yield Source(
        "westernpower_page",
        "Western Power on AS/NZS 4777.2:2020",
        "B",
        "prd.westernpower.com.au/news/transition-requirements-for-new-standards-asnzs-4777.22020",
    )
    yield Source("sungrow_stb5k_manual", "Sungrow STB5K manual", "B", "page 106")
    yield Source("sungrow_sh10rt_manual", "Sungrow SH10RT manual", "B", "page 25")
    yield Source("guide", "AlphaESS operations portal guide", "C")


@hookimpl
def declare_grid_specs() -> Iterable[GridSpec]:
    yield from grid_tables(__file__)
