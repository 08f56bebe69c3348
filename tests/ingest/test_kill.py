"""Real processes ended at any moment: nothing is lost, nothing doubled."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.runtime import topics
from core.runtime.database import Database
from core.runtime.ingest import UPLINK_FILTERS, Ingest
from core.runtime.mqtt import MqttConsumer, MqttPublisher
from core.runtime.mqtt_link import Backoff
from core.runtime.transport import Message, Outgoing
from core.telemetry.readings import latest_of_all
from tests.databases import PostgreSQL
from tests.devices import frame, running
from tests.faults.harness import Process, environment, service
from tests.servers import Mosquitto

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SNS = [f"KILLED{n:06}" for n in range(20)]
FRAMES = 6000
KILLS = 4
PAST = 1_767_225_600_000
"""2026-01-01: these processes have the real clock."""
FAST = Backoff(0.05, 0.2)


@pytest.fixture
async def worker(mosquitto: Mosquitto, database_url: str, tmp_path: Path) -> AsyncIterator[Process]:
    made = service(
        "ingest", environment(tmp_path, database_url, f"mqtt://127.0.0.1:{mosquitto.port}")
    )
    await made.start()
    yield made
    await made.end()


async def test_kill_9_of_the_ingest_loses_and_doubles_nothing(
    worker: Process, mosquitto: Mosquitto, database: Database
) -> None:
    async with MqttPublisher(mosquitto.address(), "fleet", backoff=FAST) as fleet:
        await _until(database, "systems", len(SNS), lambda: fleet.publish_many(_births()))
        sending = asyncio.create_task(_send(fleet))
        chance = random.Random(8)
        for kept in sorted(chance.randrange(FRAMES) for _ in range(KILLS)):
            await _until(database, "frames", kept)
            await worker.end()
            await worker.start()
        await sending
    await _until(database, "frames", FRAMES)
    assert await _count(database, "frames") == FRAMES
    assert await _count(database, "dead_letters") == 0
    async with database.read() as connection:
        found = await latest_of_all(connection, range(1, len(SNS) + 1))
    newest = [found[n]["inverter", "pv_power"].value for n in sorted(found)]
    assert sorted(newest) == [FRAMES - n for n in range(len(SNS), 0, -1)]


async def test_sigterm_ends_it_without_an_error(worker: Process, database: Database) -> None:
    await _until(database, "processes", 1)
    assert await worker.end(signal.SIGTERM) == 0


async def test_a_restart_of_the_database_loses_nothing(
    mosquitto: Mosquitto, mortal_postgresql: PostgreSQL, registry
) -> None:
    database = Database(mortal_postgresql.new_database())
    await database.open()
    filters = (*UPLINK_FILTERS, *topics.BACKFILL_FILTERS)
    consumer = MqttConsumer(mosquitto.address(), "ingest-1", filters, backoff=FAST)
    async with consumer, MqttPublisher(mosquitto.address(), "fleet") as fleet:
        ingest = Ingest(registry, database, consumer)
        working = asyncio.create_task(ingest.run())
        await fleet.publish_many(_births())
        sending = asyncio.create_task(_send(fleet))
        for _ in range(2):
            await asyncio.sleep(0.3)
            mortal_postgresql.stop()
            await asyncio.sleep(0.5)
            mortal_postgresql.start()
        await sending
        stored = asyncio.create_task(_until(database, "frames", FRAMES))
        await asyncio.wait({stored, working}, return_when=asyncio.FIRST_COMPLETED)
        await stored
        working.cancel()
        await asyncio.wait({working})
    assert ingest.counts == {"taken": FRAMES + len(SNS)}
    await database.close()


def _births() -> Iterator[Outgoing]:
    said = msgspec.json.encode({"online": True, "product_model": "bench"})
    for sn in SNS:
        yield Outgoing(topics.presence(sn), said, retain=True)


async def _send(fleet: MqttPublisher) -> None:
    """All frames, so slowly that there is time to kill."""
    for start in range(0, FRAMES, 100):
        await fleet.publish_many(
            Outgoing(message.topic, message.payload)
            for n in range(start, start + 100)
            for message in [_frame(n)]
        )
        await asyncio.sleep(0.05)


def _frame(n: int) -> Message:
    sn, time = SNS[n % len(SNS)], PAST + 1000 * n
    return frame(n, running(pv=n), sn=sn, late=n % 7 == 0, device_time=time)


async def _count(database: Database, table: str) -> int:
    try:
        async with database.read() as connection:
            found = await connection.execute(text(f"SELECT count(*) FROM {table}"))
            return int(found.scalar_one())
    except (DBAPIError, OSError):
        return -1


async def _until(database: Database, table: str, count: int, again=None) -> None:
    async with asyncio.timeout(120):
        while await _count(database, table) < count:
            if again:
                await again()
            await asyncio.sleep(0.2)
