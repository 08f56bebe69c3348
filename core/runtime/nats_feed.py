"""Publishing to nats-server, and listening to what is not kept: the live feed.

Devices hear commands by MQTT, and nats-server queues for an absent device only what was published
by MQTT: publish commands, and anything retained, with `MqttPublisher` on its MQTT port.
"""
# pyright: reportUnknownMemberType=false
# nats-py leaves parts of its signatures without types.

import asyncio
import contextlib
import itertools
import operator
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import attrs
from nats.aio.msg import Msg
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NoStreamResponseError

from core.runtime.arrivals import Arrivals
from core.runtime.mqtt_link import Backoff
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.nats_link import ANSWER_TIMEOUT, GONE, NatsConnection, NatsLink
from core.runtime.subjects import subject_of, topic_of
from core.runtime.transport import BATCH_DELAY, BATCH_SIZE, Message, Outgoing, TransportError

WINDOW: Final = 1000
HIGH_WATER: Final = 8000


@attrs.define(eq=False)
class NatsPublisher:
    """A `Publisher` by NATS.

    With qos 1 a message is confirmed once a stream has it on disk, and refused if no stream takes
    its subject; with qos 0 it reaches whoever listens now.
    """

    address: BrokerAddress
    name: str = "publisher"
    backoff: Backoff = attrs.field(factory=Backoff)
    _link: NatsLink = attrs.field(init=False)
    _context: JetStreamContext = attrs.field(init=False)

    async def __aenter__(self) -> Self:
        """Connect; retries while no server answers, raises RefusedError if it says no."""
        self._link = NatsLink(self.address, self.name, self._prepare, backoff=self.backoff)
        await self._link.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is left, and disconnect."""
        await self._link.stop()

    async def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 1
    ) -> None:
        """Publish one message; with qos 1 it returns with the stream's confirmation."""
        await self.publish_many([Outgoing(topic, payload, retain, qos)])

    async def publish_many(self, messages: Iterable[Outgoing]) -> None:
        """Publish in order; what a lost connection left unconfirmed is sent again."""
        source = iter(messages)
        while window := list(itertools.islice(source, WINDOW)):
            while window:
                window = await self._send(window)

    async def _prepare(self, connection: NatsConnection) -> None:
        self._context = connection.client.jetstream()

    async def _send(self, window: Sequence[Outgoing]) -> list[Outgoing]:
        """Send all, and return what was not confirmed."""
        connection = await self._link.connected()
        sent: list[asyncio.Future[Any]] = []
        with contextlib.suppress(*GONE):
            for message in window:
                sent.append(await self._put(connection, message))  # noqa: PERF401
        await _settled(sent, connection.lost)
        taken = [*map(_confirmed, window, sent)]
        rest = window[len(sent) :]
        return [*itertools.compress(window, map(operator.not_, taken)), *rest]

    async def _put(self, connection: NatsConnection, message: Outgoing) -> asyncio.Future[Any]:
        limit = connection.client.max_payload
        if len(message.payload) > limit:
            raise TransportError(f"{message.topic}: over the server's max_payload of {limit} bytes")
        if message.retain:
            raise TransportError(f"{message.topic}: only MQTT retains messages: publish it there")
        subject = subject_of(message.topic)
        if message.qos:
            return await self._context.publish_async(subject, message.payload)
        await connection.client.publish(subject, message.payload)
        taken: asyncio.Future[Any] = asyncio.Future()
        taken.set_result(None)
        return taken


@attrs.define(eq=False)
class NatsListener:
    """A `Consumer` of what is published while it listens; nothing is kept for it.

    At most high_water messages wait to be taken; beyond that the oldest are dropped.
    """

    address: BrokerAddress
    filters: Sequence[str]
    name: str = "listener"
    high_water: int = HIGH_WATER
    backoff: Backoff = attrs.field(factory=Backoff)
    _link: NatsLink = attrs.field(init=False)
    _arrivals: Arrivals = attrs.field(init=False)

    async def __aenter__(self) -> Self:
        """Connect and subscribe; retries while no server answers."""
        self._arrivals = Arrivals(self.high_water)
        self._link = NatsLink(self.address, self.name, self._prepare, backoff=self.backoff)
        await self._link.start()
        self._link.task.add_done_callback(lambda _: self._arrivals.close())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._link.stop()

    async def batches(
        self, max_size: int = BATCH_SIZE, max_delay: float = BATCH_DELAY
    ) -> AsyncIterator[Sequence[Message]]:
        """Yield batches until the listener is closed; see `Consumer.batches`."""
        async for batch in self._arrivals.batches(max_size, max_delay):
            yield batch
        self._link.raise_failure()

    async def acknowledge(self, batch: Iterable[Message]) -> None:
        """Do nothing: what is not kept needs no acknowledgement."""

    async def _prepare(self, connection: NatsConnection) -> None:
        for each in self.filters:
            await connection.client.subscribe(subject_of(each), cb=self._receive)
        await connection.check_rights()

    async def _receive(self, message: Msg) -> None:
        if len(self._arrivals.waiting) >= self.high_water:
            self._arrivals.waiting.popleft()
        self._arrivals.put(Message(topic_of(message.subject), message.data, None))


async def _settled(futures: Collection[asyncio.Future[Any]], lost: asyncio.Event) -> None:
    """Wait until all are done, the connection is lost, or the server has been silent too long."""
    ended = asyncio.ensure_future(lost.wait())
    confirmed = asyncio.ensure_future(_all_done(futures))
    try:
        await asyncio.wait(
            {confirmed, ended}, timeout=ANSWER_TIMEOUT, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        confirmed.cancel()
        ended.cancel()


async def _all_done(futures: Collection[asyncio.Future[Any]]) -> bool:
    if futures:
        await asyncio.wait(futures)
    return True


def _confirmed(message: Outgoing, future: asyncio.Future[Any]) -> bool:
    """Tell whether it was taken; raises TransportError if it was refused."""
    if not future.done() or future.cancelled():
        return False
    error = future.exception()
    if isinstance(error, NoStreamResponseError):
        raise TransportError(
            f"{message.topic}: no queue of nats-server takes it: start what consumes it first, or "
            "publish by MQTT what is meant for devices"
        ) from error
    if isinstance(error, APIError):
        raise TransportError(f"{message.topic}: not stored: {error.description}") from error
    return error is None
