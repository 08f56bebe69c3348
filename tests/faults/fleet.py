"""A fleet of devices that knows what it sent, what was confirmed, and can send it again."""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator

import attrs
import msgspec

from core.runtime import topics
from core.runtime.envelope import Envelope
from core.runtime.mqtt import MqttPublisher
from core.runtime.mqtt_link import Backoff
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.past import Past
from core.runtime.transport import Outgoing
from core.thing_model.messages import Acknowledgement, BackfillRequest
from tests.devices import frame, running

FAST = Backoff(0.05, 0.2)
FAULTS = (0, 0, 0, 1, 2, 4)


@attrs.define(eq=False)
class Device:
    """One device: real MQTT, its own connection, and a memory of what it sent."""

    sn: str
    address: BrokerAddress
    chance: random.Random
    boot_id: int = 1
    sent: int = 0
    frames: int = 0
    past: Past = attrs.field(factory=Past)
    _requests: asyncio.Queue[bytes] = attrs.field(factory=asyncio.Queue[bytes])

    async def run(self, speaking: asyncio.Event, pause: float) -> None:
        """Speak while that is set, and answer what is asked, until cancelled."""
        link = MqttPublisher(
            self.address,
            self.sn,
            birth=self._birth,
            filters=(topics.backfill_request(self.sn),),
            on_message=lambda _topic, payload: self._requests.put_nowait(payload),
            persistent=True,
            backoff=FAST,
        )
        async with link, asyncio.TaskGroup() as group:
            group.create_task(self._answer(link))
            group.create_task(self._catch_up(link))
            while True:
                await speaking.wait()
                batch = [self._frame() for _ in range(self.chance.randint(1, 5))]
                group.create_task(self.past.say(link, batch))
                await asyncio.sleep(pause * self.chance.random() * 2)

    async def _answer(self, link: MqttPublisher) -> None:
        while True:
            asked = msgspec.json.decode(await self._requests.get(), type=BackfillRequest)
            found = self.past.recall(asked.ranges) if asked.boot_id == self.boot_id else 0
            await self.past.all_sent.wait()
            self.sent += 1
            body = msgspec.json.encode(Acknowledgement(asked.id, "succeeded", f"{found} again"))
            await self.past.say(link, [self._message(topics.ack(self.sn), body)])

    async def _catch_up(self, link: MqttPublisher) -> None:
        while True:
            await self.past.catch_up(link)
            await asyncio.sleep(0.1)

    def _birth(self) -> Outgoing:
        said = {"online": True, "product_model": "bench"}
        return Outgoing(topics.presence(self.sn), msgspec.json.encode(said), retain=True)

    def _frame(self) -> Outgoing:
        self.sent += 1
        self.frames += 1
        body = running(pv=self.sent % 20_000, faults=self.chance.choice(FAULTS))
        now = time.time_ns() // 1_000_000
        made = frame(self.sent, body, sn=self.sn, boot_id=self.boot_id, device_time=now)
        return Outgoing(made.topic, made.payload)

    def _message(self, topic: str, body: bytes) -> Outgoing:
        now = time.time_ns() // 1_000_000
        return Outgoing(topic, Envelope(self.boot_id, self.sent, now, body).pack())


def fleet(address: BrokerAddress, size: int, seed: int) -> list[Device]:
    """`size` devices, whose chances follow from the seed."""
    return [Device(f"DRILL{seed:03}{n:06}", address, random.Random(seed + n)) for n in range(size)]


def moments(seed: int, count: int, mean: float) -> Iterator[float]:
    """`count` pauses of `mean` seconds, more or less."""
    chance = random.Random(seed)
    return itertools.islice(iter(lambda: mean * (0.3 + 1.4 * chance.random()), None), count)
