"""Two workers that meet the first frames of a channel at the same time, on PostgreSQL."""

import asyncio
from typing import Any

import pytest

from core.fleet import systems
from core.fleet.systems import Registration
from core.runtime.database import Database
from core.runtime.ingest import Ingest
from core.telemetry import latest
from core.telemetry.curves import energy
from core.telemetry.fold import BUCKET
from tests.devices import SN, START, frame, meters
from tests.ingest.bench import HOUR, Bench, Desk


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_channel_without_a_row_is_one_workers(database: Database) -> None:
    key, other = (1, "inverter", "meters"), (2, "inverter", "meters")
    async with database.begin() as first, database.begin() as second, database.begin() as third:
        await latest.states_of(first, [key])
        waiting = asyncio.ensure_future(latest.states_of(second, [key]))
        await latest.states_of(third, [other])
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await first.rollback()
        assert await waiting == {}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_first_frames_on_two_workers_lose_no_bucket(bench: Bench) -> None:
    desk: Any = Desk()
    registry = bench.ingest.registry
    other = Ingest(registry, bench.database, desk, desk, clock=lambda: bench.now)
    bench.now = START + 2 * HOUR
    sns = [f"FIRST{n:07}" for n in range(30)]
    given = [Registration(sn, "bench") for sn in (SN, *sns)]
    async with bench.database.begin() as connection:
        await systems.register_new(connection, registry, given, START)
    begin = START - START % BUCKET
    one, two = (
        [
            frame(n, meters(1000 + 10 * n), sn=sn, channel="meters", device_time=begin + n * BUCKET)
            for sn in sns
            for n in numbers
        ]
        for numbers in ((0, 2, 4, 6), (1, 3, 5, 7))
    )
    await asyncio.gather(bench.ingest.take(one), other.take(two))
    model = registry.system(registry.products["bench", "1.0.0"])
    span = (begin, begin + 8 * BUCKET)
    async with bench.database.read() as connection:
        for record in (await systems.by_sns(connection, sns)).values():
            (found,) = await energy(connection, record.id, model, [span])
            assert found.generation == pytest.approx(0.07)
