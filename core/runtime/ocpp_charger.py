"""One charger at the gateway: a device of the platform on one side, OCPP on the other.

Each charger has a connection of its own to the broker, so that its last will is published however
the gateway ends, and its commands are queued while it is away. A message is answered when the
broker has confirmed its frame and the database what it says of a transaction. What cannot be had
within PATIENCE seconds is answered by a CALLERROR, after which a charger says it again.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from attrs import define, field, frozen

from core.fleet import systems
from core.runtime import clock, topics
from core.runtime.clock import Clock
from core.runtime.database import Database, cause, trouble
from core.runtime.envelope import Envelope
from core.runtime.mqtt import MqttPublisher
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.ocpp_actions import (
    ROUTES,
    channels_of,
    time_of,
    tokens_in,
    written,
)
from core.runtime.ocpp_identity import Doorkeeper
from core.runtime.ocpp_messages import Call, CallRefusedError, Payload, Version
from core.runtime.ocpp_orders import Orders
from core.runtime.ocpp_transactions import TRANSACTIONAL, Transactions
from core.runtime.ocpp_wire import Wire
from core.runtime.transport import Outgoing, TransportError
from core.telemetry.fold import UNSET_CLOCK
from core.thing_model.messages import Acknowledgement, Presence

LOGGER = logging.getLogger(__name__)
PATIENCE: Final = 15.0
FAREWELL: Final = 3.0
LATE: Final = 60_000
"""Milliseconds after which a message is no longer live."""
PRODUCTS: Final[Mapping[Version, str]] = {"1.6": "ocpp-1-6-charger", "2.0.1": "ocpp-2-0-1-charger"}
"""What a charger that is not registered is taken for."""
INFO: Final[Mapping[Version, str]] = {"1.6": "idTagInfo", "2.0.1": "idTokenInfo"}
NOT_NOW: Final = "the platform cannot keep this now: say it again later"


@frozen
class Surroundings:
    """What all chargers of a gateway have in common; `heartbeat` in seconds."""

    database: Database
    broker: BrokerAddress
    doorkeeper: Doorkeeper
    heartbeat: int = 300
    clock: Clock = clock.now


@define(eq=False)
class Charger:
    """One charger while it is connected."""

    sn: str
    wire: Wire
    around: Surroundings
    ended: asyncio.Event = field(init=False, factory=asyncio.Event)
    _birth: Presence = field(init=False)
    _publisher: MqttPublisher = field(init=False)
    _linking: asyncio.Task[Any] = field(init=False)
    _orders: asyncio.Queue[bytes] = field(init=False, factory=asyncio.Queue[bytes])
    _transactions: Transactions = field(init=False)
    _boot_id: int = field(init=False, factory=lambda: secrets.randbits(32))
    _sequence: int = field(init=False, default=0)

    async def attend(self) -> None:
        """Serve the charger until it goes."""
        self._birth = await self._introduction()
        self._transactions = Transactions(self.sn, self.around.database)
        self._publisher = MqttPublisher(
            self.around.broker,
            self.sn,
            will=self._presence(Presence(online=False)),
            birth=lambda: self._presence(self._birth),
            filters=(topics.command(self.sn),),
            on_message=lambda _topic, payload: self._orders.put_nowait(payload),
            persistent=True,
        )
        self._linking = asyncio.create_task(self._publisher.__aenter__())
        obeying = asyncio.create_task(self._obey())
        try:
            await self.wire.attend(self._handle)
        finally:
            obeying.cancel()
            await asyncio.wait({obeying})
            await self._leave()

    async def _introduction(self) -> Presence:
        """What is registered, or else the product model of its version of OCPP."""
        try:
            async with self.around.database.read() as connection:
                known = await systems.by_sn(connection, self.sn)
        except Exception as error:
            if trouble(error) != "away":
                raise
            LOGGER.warning("%s: the database does not answer: %s", self.sn, cause(error))
            known = None
        product = known.product_id if known else PRODUCTS[self.wire.version]
        return Presence(online=True, product_model=product)

    async def _leave(self) -> None:
        """Say goodbye to the broker, if it can be heard."""
        if not self._linking.done() or self._linking.exception():
            self._linking.cancel()
            await asyncio.wait({self._linking})
            return
        try:
            async with asyncio.timeout(FAREWELL):
                await self._publisher.publish_many([self._presence(Presence(online=False))])
        except (TimeoutError, TransportError) as error:
            LOGGER.warning("%s: left without goodbye: %s", self.sn, error)
        await self._publisher.__aexit__(None, None, None)

    async def _handle(self, call: Call) -> Mapping[str, Any]:
        """Keep what the charger says, and then answer."""
        if call.action not in ROUTES[self.wire.version]:
            raise CallRefusedError("NotSupported", f"{call.action} has no use here")
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._noted(call)
                await self._publish(self._frames(call, answer))
        except (TimeoutError, TransportError) as error:
            LOGGER.warning("%s: the broker does not take %s: %s", self.sn, call.action, error)
        except Exception as error:
            if trouble(error) == "away":
                LOGGER.warning("%s: the database does not answer: %s", self.sn, cause(error))
            else:
                LOGGER.exception("%s: %s failed", self.sn, call.action)
        else:
            return answer
        raise CallRefusedError("InternalError", NOT_NOW)

    def _frames(self, call: Call, answer: Mapping[str, Any]) -> list[Outgoing]:
        version, payload, now = self.wire.version, call.payload, self.around.clock()
        at = time_of(payload)
        late = payload.get("offline") is True or UNSET_CLOCK <= (at or 0) < now - LATE
        sent: list[Outgoing] = []
        slot = f"charger{self._transactions.place(payload) or 1}"
        body = msgspec.json.encode(answer) if call.action == "Heartbeat" else call.raw
        for channel in channels_of(version, call.action, payload):
            topic = (topics.backfill if late else topics.frame)(self.sn, slot, channel)
            sent.append(self._enveloped(topic, body, now if at is None else at))
        if ROUTES[version][call.action].logged:
            line = f"{call.action} {msgspec.json.encode(payload).decode()}"
            sent.append(self._enveloped(topics.log(self.sn, "charger1"), line.encode(), now))
        if call.action == "BootNotification":
            sent.append(self._introduced(payload))
        return sent

    def _introduced(self, payload: Payload) -> Outgoing:
        """Presence with the firmware that the charger has."""
        firmware = payload.get("chargingStation", payload).get("firmwareVersion", "")
        self._birth = msgspec.structs.replace(self._birth, firmware=firmware)
        return self._presence(self._birth)

    async def _noted(self, call: Call) -> Mapping[str, Any]:
        """The answer to a call, once the database has what it says of a transaction."""
        payload, now = call.payload, self.around.clock()
        verdict = {"status": self._verdict(payload)}
        if call.action in TRANSACTIONAL:
            return await self._transactions.note(call.action, payload, verdict, now)
        answers: Mapping[str, Mapping[str, Any]] = {
            "BootNotification": {
                "status": "Accepted",
                "currentTime": written(now),
                "interval": self.around.heartbeat,
            },
            "Heartbeat": {"currentTime": written(now)},
            "DataTransfer": {"status": "UnknownVendorId"},
            "Authorize": {INFO[self.wire.version]: verdict},
        }
        return answers.get(call.action, {})

    def _verdict(self, payload: Payload) -> str:
        welcome = all(map(self.around.doorkeeper.welcomes, tokens_in(payload)))
        return "Accepted" if welcome else "Invalid"

    async def _publish(self, messages: list[Outgoing]) -> None:
        await asyncio.shield(self._linking)
        await self._publisher.publish_many(messages)

    def _enveloped(self, topic: str, body: bytes, at: int) -> Outgoing:
        self._sequence += 1
        return Outgoing(topic, Envelope(self._boot_id, self._sequence, at, body).pack())

    def _presence(self, said: Presence) -> Outgoing:
        return Outgoing(topics.presence(self.sn), msgspec.json.encode(said), retain=True)

    async def _obey(self) -> None:
        """Hand commands to the charger, one after the other."""
        orders = Orders(self.sn, self.wire, self.around.database, self.around.clock)
        while True:
            payload = await self._orders.get()
            try:
                async for said in orders.carry_out(payload):
                    await self._acknowledge(said)
            except Exception:  # the command times out, and the next one has its turn
                LOGGER.exception("%s: a command failed", self.sn)

    async def _acknowledge(self, said: Acknowledgement) -> None:
        body, now = msgspec.json.encode(said), self.around.clock()
        await self._publish([self._enveloped(topics.ack(self.sn), body, now)])
