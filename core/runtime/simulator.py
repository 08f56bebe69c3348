"""Simulated devices on a real broker: each has its own connection, birth, last will and clock."""

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count, cycle, islice

import msgspec
from attrs import define, field, frozen

from core.registry import Registry
from core.runtime import topics
from core.runtime.credentials import Credentials
from core.runtime.envelope import Envelope
from core.runtime.mqtt import MqttPublisher
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.past import WINDOW, Past
from core.runtime.transport import Outgoing
from core.simulation.system import SimulatedSystem
from core.thing_model.fault import Fault
from core.thing_model.messages import Acknowledgement, BackfillRequest, CommandMessage, Presence
from core.thing_model.product import ProductModel

LOGGER = logging.getLogger(__name__)

ZONES = {
    "DE": "Europe/Berlin",
    "AU": "Australia/Sydney",
    "GB": "Europe/London",
    "AT": "Europe/Vienna",
    "IT": "Europe/Rome",
    "NL": "Europe/Amsterdam",
    "FR": "Europe/Paris",
    "ES": "Europe/Madrid",
    "PL": "Europe/Warsaw",
    "US": "America/Los_Angeles",
    "CN": "Asia/Shanghai",
}
FAULTY_EVERY = 11
"""One simulated system of so many plays one of its declared faults."""
SETTLING = 1.0
"""Seconds until a command shows in the readings."""
CATCHING_UP = 0.5
"""Seconds between two attempts to send what is late."""
SETTINGS_EVERY = 12
"""Settings are said once in so many turns."""


def simulated_fleet(
    registry: Registry, size: int, plugins: Sequence[str] = ()
) -> list[SimulatedSystem]:
    """`size` systems, spread over the product models that speak (and use one of `plugins`)."""
    speaking = [p for p in registry.products.values() if _speaks(registry, p, plugins)]
    return [
        _simulated(registry, product, number)
        for number, product in enumerate(islice(cycle(speaking), size))
    ]


def _speaks(registry: Registry, product: ProductModel, plugins: Sequence[str]) -> bool:
    mounted = {m.plugin for _, m in product.slots()}
    parts = registry.system(product).parts.values()
    return any(part.channels for part in parts) and (not plugins or bool(mounted & set(plugins)))


def _simulated(registry: Registry, product: ProductModel, number: int) -> SimulatedSystem:
    market = _market(product, number)
    system = registry.system(product)
    fault: tuple[str, Fault] | None = None
    if number % FAULTY_EVERY == FAULTY_EVERY - 1:
        known = [
            (slot, fault)
            for slot, part in system.parts.items()
            for channel in part.channels.values()
            for fault in channel.faults
            if fault.datapoint in channel.codec.keys
        ]
        fault = random.Random(number).choice(known) if known else None  # noqa: S311
    return SimulatedSystem(serial_number(product, number), system, ZONES.get(market, "UTC"), fault)


def _market(product: ProductModel, number: int) -> str:
    markets = product.markets or ("DE", "AU")
    return markets[number // 3 % len(markets)]


def serial_number(product: ProductModel, number: int) -> str:
    """A serial number of the shape that the product model's first rule gives."""
    rule = product.sn_rules[0] if product.sn_rules else "SIM*"
    digits = f"{number:09d}"
    filled = rule.replace("*", digits, 1).replace("*", "")
    return "".join(str(number % 10) if c == "?" else c for c in filled).ljust(8, "0")[:24]


@frozen
class Playback:
    """How a fleet is played: where the broker is, how often systems speak, and who they are to it.

    Without `credentials` devices log in without a password.
    """

    host: str
    port: int
    interval: float = 10
    credentials: Credentials | None = None

    def address(self, sn: str) -> BrokerAddress:
        if self.credentials is None:
            return BrokerAddress(self.host, self.port)
        return BrokerAddress(self.host, self.port, sn, self.credentials.device_secret(sn))


async def simulate(fleet: Sequence[SimulatedSystem], playback: Playback) -> None:
    """Play all systems until cancelled; they begin spread over one interval."""
    async with asyncio.TaskGroup() as group:
        for number, system in enumerate(fleet):
            delay = playback.interval * number / len(fleet)
            group.create_task(_run_alone(SimulatedDevice(system, playback), delay))


async def _run_alone(device: "SimulatedDevice", delay: float) -> None:
    """One device that cannot be played says so, and the others go on."""
    try:
        await device.run(delay)
    except Exception:
        LOGGER.exception("%s cannot be played", device.system.sn)


@define(eq=False)
class SimulatedDevice:
    """One system's connection."""

    system: SimulatedSystem
    playback: Playback
    boot_id: int = field(factory=lambda: int(time.time()) & 0xFFFF_FFFF)
    sequence: int = 0
    past: Past = field(factory=Past)
    told: asyncio.Queue[tuple[str, bytes]] = field(factory=asyncio.Queue[tuple[str, bytes]])
    answered: dict[str, list[Acknowledgement]] = field(factory=dict[str, list[Acknowledgement]])

    async def run(self, delay: float = 0) -> None:
        """Speak every interval, and do as told, until cancelled.

        Readings go on while the connection is down, and are sent late once it is back.
        """
        sn = self.system.sn
        device = MqttPublisher(
            self.playback.address(sn),
            sn,
            will=self._presence(online=False),
            birth=lambda: self._presence(online=True),
            filters=(topics.command(sn), topics.backfill_request(sn)),
            on_message=lambda topic, payload: self.told.put_nowait((topic, payload)),
            persistent=True,
        )
        async with device, asyncio.TaskGroup() as group:
            group.create_task(self._obey(device))
            group.create_task(self._catch_up(device))
            await self.past.say(device, self._lines())
            await asyncio.sleep(delay)
            for turn in count():
                started = time.monotonic()
                frames = self._frames(settings=turn % SETTINGS_EVERY == 0)
                group.create_task(self.past.say(device, frames))
                await asyncio.sleep(max(0, self.playback.interval - time.monotonic() + started))

    def _presence(self, *, online: bool) -> Outgoing:
        product = self.system.system.product
        said = Presence(
            online=online,
            product_model=product.id,
            version=product.version,
            timezone=self.system.zone,
            country=next((c for c, z in ZONES.items() if z == self.system.zone), ""),
        )
        return Outgoing(topics.presence(self.system.sn), msgspec.json.encode(said), retain=True)

    def _frames(self, *, settings: bool = True) -> list[Outgoing]:
        return [
            self._enveloped(topics.frame(self.system.sn, slot, channel), body)
            for slot, channel, body in self.system.frames(datetime.now(UTC), settings=settings)
        ]

    def _lines(self) -> list[Outgoing]:
        return [
            self._enveloped(topics.log(self.system.sn, slot), line.encode())
            for slot, line in self.system.log_lines()
        ]

    def _enveloped(self, topic: str, body: bytes) -> Outgoing:
        self.sequence += 1
        envelope = Envelope(self.boot_id, self.sequence, int(time.time() * 1000), body)
        return Outgoing(topic, envelope.pack())

    async def _catch_up(self, device: MqttPublisher) -> None:
        while True:
            await self.past.catch_up(device)
            await asyncio.sleep(0 if self.past.waiting > WINDOW else CATCHING_UP)

    async def _obey(self, device: MqttPublisher) -> None:
        while True:
            topic, payload = await self.told.get()
            if topic == topics.backfill_request(self.system.sn):
                await self._send_again(device, payload)
                continue
            await self.past.say(device, [self._answer(ack) for ack in self._answers(payload)])
            await asyncio.sleep(SETTLING)
            await self.past.say(device, self._frames())

    async def _send_again(self, device: MqttPublisher, payload: bytes) -> None:
        """Send what is remembered of what did not arrive, and then say so."""
        try:
            asked = msgspec.json.decode(payload, type=BackfillRequest)
        except msgspec.DecodeError as error:
            LOGGER.warning("%s: request cannot be read: %s", self.system.sn, error)
            return
        ours = asked.boot_id == self.boot_id
        found = self.past.recall(asked.ranges) if ours else 0
        await self.past.all_sent.wait()
        ack = Acknowledgement(asked.id, "succeeded", f"{found} messages sent again")
        await self.past.say(device, [self._answer(ack)])

    def _answer(self, ack: Acknowledgement) -> Outgoing:
        return self._enveloped(topics.ack(self.system.sn), msgspec.json.encode(ack))

    def _answers(self, payload: bytes) -> list[Acknowledgement]:
        try:
            message = msgspec.json.decode(payload, type=CommandMessage)
        except msgspec.DecodeError as error:
            LOGGER.warning("%s: command cannot be read: %s", self.system.sn, error)
            return []
        if message.id not in self.answered:
            self.answered[message.id] = self._executed(message)
        return self.answered[message.id]

    def _executed(self, message: CommandMessage) -> list[Acknowledgement]:
        if message.expires_at <= time.time() * 1000:
            return [Acknowledgement(message.id, "rejected", "expired before it arrived")]
        frame = bytes.fromhex(message.frame)
        if refused := self.system.obey(message.slot, message.command, frame):
            return [Acknowledgement(message.id, "rejected", refused)]
        return [Acknowledgement(message.id, status) for status in ("accepted", "succeeded")]
