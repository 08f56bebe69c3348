"""Several ingest processes on one JetStream queue, and a nats-server that is killed."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from core.runtime import topics
from core.runtime.database import Database
from core.runtime.mqtt import MqttPublisher
from core.runtime.mqtt_link import Backoff
from core.runtime.transport import Outgoing
from core.telemetry.readings import latest_of_all
from core.upkeep import heartbeats
from tests import devices
from tests.databases import PostgreSQL
from tests.devices import frame, running
from tests.servers import NatsServer, nats_server, start_nats_server

__all__ = ["nats_server", "start_nats_server"]
pytestmark = [pytest.mark.integration, pytest.mark.slow]

SNS = [f"SCALED{n:06}" for n in range(20)]
FRAMES = 4000
PAST = 1_767_225_600_000
FAST = Backoff(0.05, 0.2)


async def test_two_workers_share_the_work_and_a_killed_server_loses_nothing(
    nats_server: NatsServer, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    """The result is that of one worker: each frame once, the newest reading of each system."""
    database = Database(postgresql.new_database())
    await database.open()
    url = f"nats://127.0.0.1:{nats_server.port}?mqtt={nats_server.mqtt_port}"
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    told = {
        "THINGWRIGHT_DATA": str(tmp_path),
        "THINGWRIGHT_DATABASE": address,
        "THINGWRIGHT_BROKER": url,
        "THINGWRIGHT_PLUGINS": str(Path(devices.__file__).parent),
    }
    async with _worker(told, "1"), _worker(told, "2"):
        await _until(database, "processes", 2)
        async with MqttPublisher(nats_server.address(), "fleet", backoff=FAST) as fleet:
            await fleet.publish_many(_births())
            await _until(database, "systems", len(SNS))
            sending = asyncio.create_task(_send(fleet))
            for wanted in (FRAMES // 4, FRAMES // 2):
                await _until(database, "frames", wanted)
                nats_server.kill()
                nats_server.start()
            await sending
        await _until(database, "frames", FRAMES)
        await asyncio.sleep(11)  # each process reports every ten seconds
        shares = await _shares(database)
    assert await _count(database, "frames") == FRAMES
    assert await _count(database, "dead_letters") == 0
    async with database.read() as connection:
        found = await latest_of_all(connection, range(1, len(SNS) + 1))
    newest = sorted(found[n]["inverter", "pv_power"].value for n in found)
    assert newest == list(range(FRAMES - len(SNS), FRAMES))
    assert len(shares) == 2
    assert min(shares.values()) > sum(shares.values()) / 10
    await database.close()


@asynccontextmanager
async def _worker(told: dict[str, str], slot: str) -> AsyncIterator[None]:
    command = (sys.executable, "-m", "portal.cli", "ingest", "--slot", slot)
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **told})
    try:
        yield
    finally:
        process.kill()
        await process.wait()


def _births() -> Iterator[Outgoing]:
    said = msgspec.json.encode({"online": True, "product_model": "bench"})
    for sn in SNS:
        yield Outgoing(topics.presence(sn), said, retain=True)


async def _send(fleet: MqttPublisher) -> None:
    for start in range(0, FRAMES, 100):
        batch = (
            frame(n, running(pv=n), sn=SNS[n % len(SNS)], device_time=PAST + 1000 * n)
            for n in range(start, start + 100)
        )
        await fleet.publish_many(Outgoing(each.topic, each.payload) for each in batch)
        await asyncio.sleep(0.1)


async def _shares(database: Database) -> Counter[str]:
    async with database.read() as connection:
        processes = await heartbeats.known(connection)
    return Counter({each.name: each.figures["messages"] for each in processes})


async def _count(database: Database, table: str) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


async def _until(database: Database, table: str, count: int) -> None:
    async with asyncio.timeout(120):
        while await _count(database, table) < count:  # noqa: ASYNC110  it is another process
            await asyncio.sleep(0.1)
