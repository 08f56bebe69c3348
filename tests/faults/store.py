"""What drills of the store share: numbered frames through a real broker, and how many are kept."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import msgspec
import psutil

from core.runtime import topics
from core.runtime.database import Database
from core.runtime.mqtt import MqttPublisher
from core.runtime.mqtt_link import Backoff
from core.runtime.transport import Outgoing
from tests.devices import frame, running
from tests.faults.harness import Process, until, value
from tests.servers import Mosquitto

SNS = [f"STORED{n:06}" for n in range(10)]
PAST = 1_767_225_600_000
FAST = Backoff(0.05, 0.2)


@attrs.define
class Sender:
    """Sends frames 0, 1, 2 … each of which the broker confirms."""

    publisher: MqttPublisher
    sent: int = 0

    async def send(self, count: int, size: int = 50, pause: float = 0.05) -> None:
        for _ in range(0, count, size):
            numbers = range(self.sent, self.sent + size)
            await self.publisher.publish_many(map(_numbered, numbers))
            self.sent += size
            await asyncio.sleep(pause)


@asynccontextmanager
async def sender(mosquitto: Mosquitto, database: Database) -> AsyncIterator[Sender]:
    """A fleet that is registered."""
    async with MqttPublisher(mosquitto.address(), "fleet", backoff=FAST) as publisher:

        async def registered() -> bool:
            await publisher.publish_many(_births())
            return bool(await value(database, "SELECT count(*) FROM systems") == len(SNS))

        await until(registered, "all devices are registered")
        yield Sender(publisher)


async def until_kept(database: Database, count: int) -> None:
    """Wait until so many frames are kept, and see that each is there once."""

    async def kept() -> bool:
        return bool(await value(database, "SELECT count(*) FROM frames") >= count)

    await until(kept, f"{count} frames are kept")
    assert await value(database, "SELECT count(*) FROM frames") == count
    assert await value(database, "SELECT count(DISTINCT sequence) FROM frames") == count
    assert await value(database, "SELECT count(*) FROM dead_letters") == 0


def memory(process: Process) -> int:
    """Resident bytes of the process."""
    assert process.running is not None
    return int(psutil.Process(process.running.pid).memory_info().rss)


def _births() -> Iterator[Outgoing]:
    said = msgspec.json.encode({"online": True, "product_model": "bench"})
    for sn in SNS:
        yield Outgoing(topics.presence(sn), said, retain=True)


def _numbered(n: int) -> Outgoing:
    sn, body = SNS[n % len(SNS)], running(pv=n % 60_000)
    message: Any = frame(n, body, sn=sn, device_time=PAST + 1000 * n)
    return Outgoing(message.topic, message.payload)
