"""The short set: a few kills of each kind, on both databases."""

from pathlib import Path

import pytest

from core.runtime.database import Database
from tests.faults.drills import drill
from tests.servers import Mosquitto

pytestmark = [pytest.mark.integration, pytest.mark.slow]


async def test_kills_lose_nothing_and_counts_stay_right(
    database: Database, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    report = await drill(database, mosquitto, tmp_path, devices=5).run(2, 1, mean=0.5, seed=5)
    assert (report.kills, report.broker_kills) == (2, 1)
    assert (report.lost, report.refused, report.wrong_counts) == (0, 0, 0), report
    assert report.checks
    assert report.sent > 100
