"""MQTT 3.1.1 as a transport: acknowledged after the commit, bounded, and reconnecting.

Nothing is lost while the broker keeps its sessions: a message stays the broker's until
`MqttConsumer.acknowledge`, so a consumer that dies gets it again. Order holds within a connection.
Set the broker's own in-flight window to 0 (no limit) or above `high_water` (mosquitto's
`max_inflight_messages`, 20 by default), or it will starve the batches.
"""

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Final, Self

import attrs

from core.runtime.mqtt_connection import ConnectionLostError
from core.runtime.mqtt_link import Backoff, Link
from core.runtime.mqtt_login import KEEPALIVE, BrokerAddress, Login
from core.runtime.transport import BATCH_DELAY, BATCH_SIZE, Message, Outgoing

WINDOW: Final = 1000
PUBLISHER_KEEPALIVE: Final = 60


@attrs.define(eq=False)
class MqttConsumer:
    """A `Consumer` on MQTT topic filters.

    client_id: stable per worker slot; the broker keeps the session under this name.
    persistent: False for feeds whose past does not matter; the broker then queues nothing.
    high_water, low_water: reading stops above, and starts again at or below, this count of
    messages received and not yet acknowledged.
    """

    address: BrokerAddress
    client_id: str
    filters: Sequence[str]
    persistent: bool = True
    qos: int = 1
    high_water: int = 8000
    low_water: int = attrs.field(
        default=attrs.Factory(lambda self: self.high_water // 2, takes_self=True)
    )
    keepalive: int = KEEPALIVE
    backoff: Backoff = attrs.field(factory=Backoff)
    _link: Link = attrs.field(init=False)
    _queue: deque[Message] = attrs.field(init=False, factory=deque[Message])
    _pending: dict[object, tuple[int, int]] = attrs.field(
        init=False, factory=dict[object, tuple[int, int]]
    )
    _tokens: Iterator[int] = attrs.field(init=False, factory=itertools.count)
    _goal: int = attrs.field(init=False, default=1)
    _reached: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)

    @property
    def pending(self) -> int:
        """Messages received on this connection and not yet acknowledged."""
        return len(self._pending)

    async def __aenter__(self) -> Self:
        """Connect and subscribe; retries while no broker answers."""
        login = Login(self.address, self.client_id, self.persistent, None, self.keepalive)
        self._link = Link(
            login, self.filters, self._receive, self._forget, self.qos, backoff=self.backoff
        )
        await self._link.start()
        self._link.task.add_done_callback(lambda _: self._reached.set())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect; the broker keeps what was not acknowledged."""
        await self._link.stop()

    async def batches(
        self, max_size: int = BATCH_SIZE, max_delay: float = BATCH_DELAY
    ) -> AsyncIterator[Sequence[Message]]:
        """Yield batches until the consumer is closed; see `Consumer.batches`."""
        while not self._link.task.done():
            await self._gather(1)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max_delay):
                    await self._gather(max_size)
            count = min(max_size, len(self._queue))
            if count:
                yield [self._queue.popleft() for _ in range(count)]
        self._link.raise_failure()

    async def acknowledge(self, batch: Iterable[Message]) -> None:
        """Send PUBACK for each message; see `Consumer.acknowledge`."""
        connection = self._link.connection
        found = (self._pending.pop(each.token, None) for each in batch)
        deliveries = [each for each in found if each is not None]
        if connection is not None:
            connection.acknowledge(deliveries)
            if len(self._pending) <= self.low_water:
                connection.resume()

    async def _gather(self, count: int) -> None:
        self._goal = min(count, self.high_water)
        if len(self._queue) < self._goal and not self._link.task.done():
            self._reached.clear()
            await self._reached.wait()

    def _receive(self, topic: str, payload: bytes, mid: int, qos: int) -> bool:
        token = next(self._tokens)
        self._pending[token] = (mid, qos)
        self._queue.append(Message(topic, payload, token))
        if len(self._queue) >= self._goal:
            self._reached.set()
        return len(self._pending) < self.high_water

    def _forget(self) -> None:
        self._queue.clear()
        self._pending.clear()


@attrs.define(eq=False)
class MqttPublisher:
    """A `Publisher` that may also listen, as a device does.

    will: published by the broker if this client vanishes; birth: published at each connection.
    filters, on_message: messages on these topics are handed over as topic and payload, and
    acknowledged when the call returns. Do not consume a fleet's uplinks this way.
    """

    address: BrokerAddress
    client_id: str
    will: Outgoing | None = None
    birth: Callable[[], Outgoing] | None = None
    filters: Sequence[str] = ()
    on_message: Callable[[str, bytes], None] | None = None
    persistent: bool = False
    keepalive: int = PUBLISHER_KEEPALIVE
    backoff: Backoff = attrs.field(factory=Backoff)
    _link: Link = attrs.field(init=False)

    async def __aenter__(self) -> Self:
        """Connect; retries while no broker answers, raises RefusedError if it says no."""
        login = Login(self.address, self.client_id, self.persistent, self.will, self.keepalive)
        self._link = Link(
            login, self.filters, self._receive, birth=self.birth, backoff=self.backoff
        )
        await self._link.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect; the will is not published."""
        await self._link.stop()

    async def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 1
    ) -> None:
        """Publish one message; returns with the broker's PUBACK."""
        await self.publish_many([Outgoing(topic, payload, retain, qos)])

    async def publish_many(self, messages: Iterable[Outgoing]) -> None:
        """Publish in order; what a lost connection left unconfirmed is sent again."""
        source = iter(messages)
        while window := list(itertools.islice(source, WINDOW)):
            while window:
                window = await self._send(window)

    async def offer(self, messages: Sequence[Outgoing]) -> list[Outgoing]:
        """Publish in order if connected, once; returns what the broker did not confirm."""
        return await self._send(messages) if self._link.is_up else list(messages)

    async def _send(self, window: Sequence[Outgoing]) -> list[Outgoing]:
        connection = await self._link.connected()
        results = await asyncio.gather(*map(connection.publish, window), return_exceptions=True)
        _raise_others(results)
        return [each for each, result in zip(window, results, strict=True) if result is not None]

    def _receive(self, topic: str, payload: bytes, mid: int, qos: int) -> bool:
        if self.on_message is not None:
            self.on_message(topic, payload)
        if self._link.connection is not None:
            self._link.connection.acknowledge([(mid, qos)])
        return True


def _raise_others(results: Iterable[BaseException | None]) -> None:
    for result in results:
        if result is not None and not isinstance(result, ConnectionLostError):
            raise result
