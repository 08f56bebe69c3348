"""Which of two meters counts when one of them is silent for days."""

from datetime import date

import pytest

from core.records import Row, write
from core.registry import RoleSource, System
from core.runtime.database import Database
from core.telemetry.curves import energy_of_days
from core.telemetry.fold import Closed
from core.telemetry.periods import DAY, EPOCH
from core.telemetry.rollups import packed_closed
from core.telemetry.tables import rollups
from tests.devices import bench_registry

FIRST = date(2027, 1, 4)


def _model() -> System:
    """The bench with two sources of its charged energy, the one called pv_energy preferred."""
    registry = bench_registry()
    model = registry.system(registry.products["bench", "1.0.0"])
    sources = tuple(RoleSource("inverter", key, 1.0, "battery") for key in ("pv_energy", "charged"))
    return System(model.product, model.parts, {"battery.energy_charged": sources})


@pytest.mark.parametrize(
    ("preferred", "expected"),
    [
        ([5, 6, 7, 8], [5, 6, 7, 8]),
        # silent on the second day; on the third it tells of both
        ([5, None, 13, 8], [5, 20, 30, 8]),
        # it is new on the second day
        ([None, 6, 7, 8], [10, 20, 7, 8]),
    ],
)
async def test_one_that_returns_is_not_added_to_the_other(
    database: Database, preferred: list[float | None], expected: list[float]
) -> None:
    rows: list[Row] = []
    for n, told in enumerate(preferred):
        cells = {"charged": [1.0, 10.0 * (n + 1), 0.0]}
        if told is not None:
            cells["pv_energy"] = [1.0, told, 0.0]
        bucket = ((FIRST - EPOCH).days + n) * DAY + DAY // 2
        rows.append((1, "inverter", "meters", bucket, packed_closed(Closed(cells))))
    async with database.begin() as connection:
        columns = ("system_id", "slot", "channel", "bucket", "cells")
        await write(connection, rollups, columns, rows, "")
        period = (FIRST, date(2027, 1, 7))
        found = await energy_of_days(connection, 1, _model(), period, "UTC")
    assert [each.charged for each in found] == expected
