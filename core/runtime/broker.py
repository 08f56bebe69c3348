"""The broker inside the demo: amqtt with our accounts and rights, and with its gaps closed.

amqtt 0.12 as it comes forgets a QoS 1 message when its subscriber disconnects or takes longer than
5 s to acknowledge it, holds back SUBACK until a session's queue is acknowledged, sends every client
the retained messages of all filters, checks the password after it has taken over the session, and
checks no right of a last will. The classes here mend that.

What remains: everything is in memory and gone with the process; MQTT 3.1.1 only; QoS 2 becomes 1;
no shared subscriptions (`$share`), so one ingest process; a thousand or two messages a second,
fewer with many subscribers, for each message is compared with every filter. For more than a demo,
run mosquitto with `mosquitto_config`.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Coroutine, Generator
from typing import Any, Final

from amqtt.adapters import ReaderAdapter, WriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action as BrokerAction
from amqtt.contexts import BrokerConfig, ListenerConfig
from amqtt.errors import AMQTTError, BrokerError, MQTTError, NoDataError
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.constants import QOS_1
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.puback import PubackPacket
from amqtt.session import ApplicationMessage, OutgoingApplicationMessage, Session
from amqtt.utils import gen_client_id

from core.runtime.credentials import Action, Credentials
from core.runtime.transport import TransportError

IN_FLIGHT: Final = 10_000
SESSION_LIFE: Final = 86_400
EVICTION_STEPS: Final = 200
EVICTION_STEP: Final = 0.01
ACTIONS: Final[dict[BrokerAction, Action]] = {
    BrokerAction.PUBLISH: "publish",
    BrokerAction.SUBSCRIBE: "subscribe",
    BrokerAction.RECEIVE: "receive",
}
CONNECTION_FIELDS: Final = (
    "will_flag",
    "will_message",
    "will_topic",
    "will_qos",
    "will_retain",
    "keep_alive",
    "username",
    "password",
    "remote_address",
    "remote_port",
)


async def run_broker(host: str, port: int, credentials: Credentials | None) -> None:
    """Serve until cancelled; without credentials everybody may do everything."""
    async with open_broker(host, port, credentials):
        await asyncio.get_running_loop().create_future()


@contextlib.asynccontextmanager
async def open_broker(
    host: str, port: int, credentials: Credentials | None
) -> AsyncGenerator["EmbeddedBroker"]:
    """Serve while the context is open; raises TransportError when the port is taken."""
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.WARNING)
    broker = EmbeddedBroker(host, port, credentials)
    try:
        await broker.start()
    except BrokerError as error:
        message = (
            f"broker cannot listen on {host}:{port} ({error}): free the port or choose another"
        )
        raise TransportError(message) from error
    try:
        yield broker
    finally:
        await broker.shutdown()


class EmbeddedBroker(Broker):
    """amqtt's broker with accounts, rights, and sessions that keep what was not acknowledged."""

    def __init__(self, host: str, port: int, credentials: Credentials | None) -> None:
        super().__init__(
            BrokerConfig(
                listeners={"default": ListenerConfig(bind=f"{host}:{port}")},
                session_expiry_interval=SESSION_LIFE,
                plugins={},
            )
        )
        self.credentials = credentials
        self._background: set[asyncio.Task[None]] = set()

    async def add_subscription(self, subscription: tuple[str, int], session: Session) -> int:
        """Subscribe with QoS 1 at most."""
        topic_filter, qos = subscription
        return await super().add_subscription((topic_filter, min(qos, QOS_1)), session)

    async def _initialize_client_session(
        self, reader: ReaderAdapter, writer: WriterAdapter, remote_address: str, remote_port: int
    ) -> tuple[BrokerProtocolHandler, Session]:
        try:
            handler, session = await LastingHandler.init_from_connect(
                reader, writer, self.plugins_manager
            )
        except (AMQTTError, MQTTError, NoDataError) as error:
            await writer.close()
            message = f"{remote_address}:{remote_port} sent no CONNECT: {error}"
            raise MQTTError(message) from error
        if not self._admits(session):
            await ConnackPacket.build(0, NOT_AUTHORIZED).to_stream(writer)
            await writer.close()
            message = f"{session.username!r} from {remote_address}:{remote_port} refused"
            raise MQTTError(message)
        return handler, await self._adopt(session)

    def _admits(self, session: Session) -> bool:
        if self.credentials is None:
            return True
        known = self.credentials.verify(session.username, session.password)
        return known and (
            not session.will_flag or self._permits(session, "publish", session.will_topic)
        )

    def _permits(self, session: Session, action: Action, topic: str | None) -> bool:
        if self.credentials is None:
            return True
        return self.credentials.permits(session.username, action, topic or "")

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:
        return self._admits(session)

    async def _topic_filtering(self, session: Session, topic: str, action: BrokerAction) -> bool:
        return self._permits(session, ACTIONS[action], topic)

    async def _adopt(self, session: Session) -> Session:
        known, handler = self._sessions.get(session.client_id or "", (None, None))
        if known is not None and handler is not None:
            await self._evict(known, handler)
        if known is None or known.clean_session or session.clean_session:
            await self._delete_session(session.client_id or "")
            session.client_id = session.client_id or gen_client_id()
            return session
        for name in CONNECTION_FIELDS:
            setattr(known, name, getattr(session, name))
        known.parent = 1
        return known

    async def _evict(self, session: Session, handler: BrokerProtocolHandler) -> None:
        for _ in range(EVICTION_STEPS):
            if not session.transitions.is_connected():
                return
            await handler.handle_connection_closed()
            await asyncio.sleep(EVICTION_STEP)
        session.transitions.disconnect()

    async def _publish_session_retained_messages(self, session: Session) -> None:
        """Leave it to the handler, which sends what is queued as it resumes the session."""

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        subscribers = self._subscriptions.get(subscription[0], [])
        if any(each is session for each, _ in subscribers):
            sending = super()._publish_retained_messages_for_subscription(subscription, session)
            self._in_background(sending)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


class LastingHandler(BrokerProtocolHandler):
    """Sends QoS 1 messages in order and keeps each in the session until its PUBACK."""

    _pumping = False
    _ended = False
    _resuming: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """End the connection; the session keeps what was not acknowledged."""
        self._ended = True
        await super().stop()

    async def mqtt_publish(
        self,
        topic: str,
        data: bytes | bytearray,
        qos: int | None,
        retain: bool,  # noqa: FBT001
        ack_timeout: int | None = None,
    ) -> OutgoingApplicationMessage:
        """Queue a QoS 1 message and send what may be sent; never waits for PUBACK."""
        if qos != QOS_1 or self.session is None:
            return await super().mqtt_publish(topic, data, qos, retain, ack_timeout)
        message = OutgoingApplicationMessage(None, topic, QOS_1, data, retain)
        self.session.retained_messages.put_nowait(message)
        await self._pump(self.session)
        return message

    async def handle_puback(self, puback: PubackPacket) -> None:
        """Forget the message and send the next."""
        if self.session is None or puback.variable_header is None:
            return
        self.session.inflight_out.pop(puback.variable_header.packet_id, None)
        await self._pump(self.session)

    async def _retry_deliveries(self) -> None:
        if self.session is not None:
            self._resuming = asyncio.create_task(self._resume(self.session))

    async def _resume(self, session: Session) -> None:
        with self._alone():
            for message in list(session.inflight_out.values()):
                await self._send(message)
        await self._pump(session)

    async def _pump(self, session: Session) -> None:
        if self._pumping:
            return
        waiting = session.retained_messages
        with self._alone():
            while not self._ended and not waiting.empty() and len(session.inflight_out) < IN_FLIGHT:
                await self._send(_numbered(waiting.get_nowait(), session))

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        self._pumping = True
        try:
            yield
        finally:
            self._pumping = False

    async def _send(self, message: OutgoingApplicationMessage) -> None:
        if not self._ended:
            again = message.publish_packet is not None
            message.publish_packet = message.build_publish_packet(dup=again)
            await self._send_packet(message.publish_packet)


def _numbered(queued: ApplicationMessage, session: Session) -> OutgoingApplicationMessage:
    retain = isinstance(queued, OutgoingApplicationMessage) and queued.retain
    number = session.next_packet_id
    message = OutgoingApplicationMessage(number, queued.topic, QOS_1, queued.data, retain)
    session.inflight_out[number] = message
    return message
