"""What counts as not being well, and how that is said."""

from typing import Any

import pytest

from core.runtime.database import Database
from core.telemetry import dead_letters
from core.telemetry.dead_letters import Rejected
from core.upkeep import background, heartbeats
from core.upkeep.conditions import Condition, worst
from core.upkeep.health import GIB, health
from core.upkeep.heartbeats import FORGOTTEN, Process
from tests.devices import START

WELL = {"disk_total": 100 * GIB, "disk_free": 50 * GIB, "left_out": []}


async def _conditions(database: Database, **figures: Any) -> list[Condition]:
    async with database.begin() as connection:
        for kind in ("ingest", "worker"):
            said = {**WELL, **(figures if kind == "ingest" else {})}
            process = Process(f"{kind}-1@here", kind, START, START, said)
            await heartbeats.beat(connection, process)
        return await health(connection, START + 1000)


async def test_all_is_well(database: Database) -> None:
    assert await _conditions(database) == []
    assert worst([]) == "ok"


@pytest.mark.parametrize(
    ("figures", "code", "level", "part"),
    [
        ({"busy_since": START - 600_000}, "backlog", "warning", "10 min"),
        ({"working_since": START - 40_000}, "slow_acknowledgement", "warning", "41 s"),
        ({"disk_free": 9 * GIB}, "disk_full", "warning", "9.0 of 100.0 GiB"),
        ({"disk_free": 2 * GIB}, "disk_full", "critical", "2.0 of 100.0 GiB"),
        ({"left_out": ["meters.torn"]}, "plugins_left_out", "warning", "meters.torn"),
    ],
)
async def test_figures_that_are_not_well(
    database: Database, figures: dict[str, Any], code: str, level: str, part: str
) -> None:
    (found,) = await _conditions(database, **figures)
    assert (found.code, found.level) == (code, level)
    assert part in found.sentence
    assert found.hint


async def test_a_small_disk_with_room_is_well(database: Database) -> None:
    assert await _conditions(database, disk_total=GIB // 16, disk_free=GIB // 20) == []


async def test_processes_that_are_silent(database: Database) -> None:
    await _conditions(database)
    async with database.read() as connection:
        found = await health(connection, START + 61_000)
    assert [each.code for each in found] == ["ingest_silent", "worker_silent"]
    assert worst(found) == "critical"
    async with database.begin() as connection:
        await heartbeats.forget(connection, START + FORGOTTEN + 1)
        assert await heartbeats.known(connection) == []


async def test_jobs_that_were_stopped(database: Database) -> None:
    async with database.begin() as connection:
        await background.fail(connection, "compaction", "no room", START)
    (found,) = await _conditions(database)
    assert (found.code, "no room" in found.sentence) == ("job_stopped", True)
    async with database.begin() as connection:
        await background.begin(connection, "compaction", 10, START)
        await background.advance(connection, "compaction", 4, START + 2000)
        job = (await background.known(connection))["compaction"]
    assert (job.done, job.total, job.rate, job.error) == (4, 10, 2.0, "")
    assert await _conditions(database) == []


async def test_messages_that_were_refused(database: Database) -> None:
    letter = Rejected("t", b"x", "bad_topic", "no such topic")
    async with database.begin() as connection:
        await dead_letters.store(connection, [letter], START)
    (found,) = await _conditions(database)
    assert (found.code, "1" in found.sentence) == ("dead_letters", True)
    async with database.begin() as connection:
        await dead_letters.resolve(connection, [letter.digest], START)
    assert await _conditions(database) == []
