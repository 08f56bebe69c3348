"""NATS JetStream as a transport: a durable queue that any number of workers share.

Devices speak MQTT to nats-server. What they publish lands in a stream before they get their PUBACK,
and stays there until `JetStreamConsumer.acknowledge`; the stream is on disk and outlives kill -9 of
nats-server and of the workers. A worker asks for messages by the batch, so that nothing reaches it
that it has no room for. Order holds as long as nothing is delivered twice: what a dead worker had
in its hands comes again after `ack_wait`, behind newer messages.
"""
# pyright: reportUnknownMemberType=false
# nats-py leaves parts of its signatures without types.

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from types import TracebackType
from typing import Final, Self

import attrs
import msgspec
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from core.runtime.arrivals import Arrivals
from core.runtime.mqtt_link import Backoff
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.nats_link import ANSWER_TIMEOUT, GONE, NatsConnection, NatsLink
from core.runtime.subjects import subject_of, topic_of
from core.runtime.transport import BATCH_DELAY, BATCH_SIZE, Message, RefusedError

LOGGER = logging.getLogger(__name__)
ACK, IN_PROGRESS, GIVE_BACK = b"+ACK", b"+WPI", b"-NAK"
ACK_WAIT: Final = 30.0
HIGH_WATER: Final = 4000
SHARED_PENDING: Final = 100_000
MAX_AGE: Final = 14 * 86_400.0
MAX_BYTES: Final = 16 * 1024**3
QUIET: Final = 30.0
RETRY: Final = 1.0


@attrs.frozen
class Queue:
    """What a stream is made with; one that exists keeps all but its subjects as it is.

    name: of the stream and of the durable consumer that the workers share.
    ack_wait: seconds until a message is given to another worker, if this one is silent.
    max_bytes, max_age: what waits beyond either is dropped, the oldest first.
    """

    name: str
    filters: Sequence[str]
    ack_wait: float = ACK_WAIT
    max_bytes: int = MAX_BYTES
    max_age: float = MAX_AGE

    async def declare(self, context: JetStreamContext) -> None:
        """Make the stream and its consumer, or fit the stream to the filters."""
        subjects = [subject_of(each) for each in self.filters]
        try:
            found = (await context.stream_info(self.name)).config
        except NotFoundError:
            await context.add_stream(self._stream(subjects))
        else:
            if sorted(found.subjects or ()) != sorted(subjects):
                await context.update_stream(dataclasses.replace(found, subjects=subjects))
        await context.add_consumer(self.name, self._consumer())

    def _stream(self, subjects: list[str]) -> StreamConfig:
        return StreamConfig(
            name=self.name,
            subjects=subjects,
            retention=RetentionPolicy.WORK_QUEUE,
            discard=DiscardPolicy.OLD,
            max_bytes=self.max_bytes,
            max_age=self.max_age,
        )

    def _consumer(self) -> ConsumerConfig:
        return ConsumerConfig(
            durable_name=self.name,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self.ack_wait,
            max_ack_pending=SHARED_PENDING,
        )


@attrs.define(eq=False)
class JetStreamConsumer:
    """A `Consumer` of a queue; several with the same queue share its messages.

    high_water: at most this many messages are here and not yet acknowledged. The sum over all
    workers of a queue must stay below SHARED_PENDING. Messages that are long in work are reported
    to the server, so that it does not give them to another worker meanwhile. Acknowledging goes on
    after a reconnect.
    """

    address: BrokerAddress
    queue: Queue
    name: str = "consumer"
    high_water: int = HIGH_WATER
    backoff: Backoff = attrs.field(factory=Backoff)
    _link: NatsLink = attrs.field(init=False)
    _arrivals: Arrivals = attrs.field(init=False)
    _subscription: Subscription | None = attrs.field(init=False, default=None)
    _pending: dict[object, float] = attrs.field(init=False, factory=dict[object, float])
    _owed: list[str] = attrs.field(init=False, factory=list[str])
    _asked: int = attrs.field(init=False, default=0)
    _heard: float = attrs.field(init=False, factory=time.monotonic)
    _disturbed: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)

    @property
    def pending(self) -> int:
        """Messages received and not yet acknowledged."""
        return len(self._pending)

    async def __aenter__(self) -> Self:
        """Connect and declare the queue; retries while no server answers."""
        self._arrivals = Arrivals(self.high_water)
        self._link = NatsLink(
            self.address, self.name, self._prepare, self._attend, backoff=self.backoff
        )
        await self._link.start()
        self._link.task.add_done_callback(lambda _: self._arrivals.close())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give back what was not acknowledged, and disconnect.

        nats-server 2.9 may keep one of these until `ack_wait`, and deliver another one twice.
        """
        if self._link.connection is not None:
            with contextlib.suppress(*GONE):
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    await self._give_back(self._link.connection)
        await self._link.stop()

    async def batches(
        self, max_size: int = BATCH_SIZE, max_delay: float = BATCH_DELAY
    ) -> AsyncIterator[Sequence[Message]]:
        """Yield batches until the consumer is closed; see `Consumer.batches`."""
        async for batch in self._arrivals.batches(max_size, max_delay):
            yield batch
        self._link.raise_failure()

    async def acknowledge(self, batch: Iterable[Message]) -> None:
        """Tell the server that the messages are safe; see `Consumer.acknowledge`."""
        for each in batch:
            if self._pending.pop(each.token, None) is not None:
                self._owed.append(str(each.token))
        if self._link.connection is not None:
            with contextlib.suppress(*GONE):
                await self._settle(self._link.connection)

    async def _prepare(self, connection: NatsConnection) -> None:
        try:
            await self.queue.declare(connection.client.jetstream())
        except ServiceUnavailableError:
            raise
        except APIError as error:
            raise RefusedError(
                f"{connection}: nats-server refuses the queue {self.queue.name!r} "
                f"({error.description}): no subject may be in two streams, or twice in one, and "
                "max_file_store must hold max_bytes of all"
            ) from error
        await self._subscribe(connection)

    async def _subscribe(self, connection: NatsConnection) -> None:
        """Receive on a new inbox; what was asked for on an older one is void."""
        client = connection.client
        inbox = client.new_inbox()
        self._subscription = await client.subscribe(inbox, cb=self._receive, pending_bytes_limit=0)
        await connection.check_rights()
        self._asked = 0
        self._heard = time.monotonic()
        await self._settle(connection)

    async def _attend(self, connection: NatsConnection) -> None:
        """Keep what is in work ours, and ask anew if the server may have forgotten the asking."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.queue.ack_wait / 3):
                    await self._disturbed.wait()
            await self._claim(connection)
            if self._disturbed.is_set():
                await asyncio.sleep(RETRY)
                self._disturbed.clear()
                await self._leave()
                await self._prepare(connection)
            elif self._asked and time.monotonic() - self._heard > QUIET:
                await self._leave()
                await self._subscribe(connection)

    async def _leave(self) -> None:
        """End the subscription once all that was sent to it is here."""
        left, self._subscription = self._subscription, None
        if left is not None:
            await left.drain()  # type: ignore[no-untyped-call]

    async def _give_back(self, connection: NatsConnection) -> None:
        await self._leave()
        for token in self._pending:
            await connection.client.publish(str(token), GIVE_BACK)
        await connection.client.flush()

    async def _claim(self, connection: NatsConnection) -> None:
        since = time.monotonic() - self.queue.ack_wait / 3
        old = [token for token, arrived in self._pending.items() if arrived < since]
        for token in old:
            await connection.client.publish(str(token), IN_PROGRESS)

    async def _settle(self, connection: NatsConnection) -> None:
        """Send the acknowledgements owed, and ask for as many messages as there is room for."""
        owed, self._owed = self._owed, []
        for token in owed:
            await connection.client.publish(token, ACK)
        room = self.high_water - len(self._pending) - self._asked
        if self._subscription is not None and room >= max(1, self.high_water // 4):
            self._asked += room
            await connection.client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{self.queue.name}.{self.queue.name}",
                msgspec.json.encode({"batch": room}),
                reply=self._subscription.subject,
            )

    async def _receive(self, message: Msg) -> None:
        self._heard = time.monotonic()
        if not message.reply:
            LOGGER.warning("%s: the server says %s", self.name, message.headers)
            self._disturbed.set()
            return
        self._asked -= 1
        self._pending[message.reply] = self._heard
        topic = topic_of(message.subject)
        self._arrivals.put(Message(topic, message.data, message.reply))
