"""One connection to an MQTT broker: the only module that touches what aiomqtt keeps private.

aiomqtt 2.5 acknowledges before the caller has seen a message, and cannot stop reading. The paho
client inside can do both by public calls; the single private name used is `aiomqtt.Client._client`.
"""

import asyncio
import contextlib
import logging
import math
import os
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final, Protocol, TypeVar

import aiomqtt
import attrs
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import MQTTMessage

from core.runtime.mqtt_login import Login
from core.runtime.transport import Outgoing, TransportError

T = TypeVar("T")
LOGGER = logging.getLogger(__name__)
READ_BURST: Final = 64
NO_LIMIT: Final = 0
ANSWER_TIMEOUT: Final = 10.0
GOODBYE_TIMEOUT: Final = 1.0
REFUSED_SUBSCRIPTION: Final = 0x80
SOCKET_OPTIONS: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
)


class Descriptor(Protocol):
    """Anything with a file descriptor."""

    def fileno(self) -> int: ...


class ConnectionLostError(TransportError):
    """The connection ended before the broker confirmed."""


Receive = Callable[[str, bytes, int, int], bool]


@attrs.define(eq=False)
class MqttConnection:
    """An open connection.

    receive: called with topic, payload, mid and qos of each message; False stops the reading.
    """

    login: Login
    receive: Receive
    _client: aiomqtt.Client = attrs.field(init=False)
    _paho: PahoClient = attrs.field(init=False)
    _loop: asyncio.AbstractEventLoop = attrs.field(init=False, factory=asyncio.get_running_loop)
    _confirmations: dict[int, asyncio.Future[None]] = attrs.field(
        init=False, factory=dict[int, asyncio.Future[None]]
    )
    _tasks: set[asyncio.Task[Any]] = attrs.field(init=False, factory=set[asyncio.Task[Any]])
    _stalled: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    _received: int = attrs.field(init=False, default=0)
    _paused: bool = attrs.field(init=False, default=False)
    _again: asyncio.Handle | None = attrs.field(init=False, default=None)
    _opened: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self._client = _new_client(self.login)
        self._paho = paho_of(self._client)
        self._paho.manual_ack_set(True)
        self._paho.on_message = self._on_message
        self._paho.on_publish = self._on_publish

    async def open(self) -> None:
        """Connect; raises RefusedError, or TransportError when no broker answers."""
        opening = asyncio.ensure_future(self._client.__aenter__())
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            with contextlib.suppress(aiomqtt.MqttError):
                await opening
            raise
        except MqttConnectError as error:
            raise self.login.refused(str(error)) from error
        except aiomqtt.MqttError as error:
            raise self.login.unreachable(str(error)) from error
        self._opened = True
        self._paho.on_socket_register_write = self._on_write_wanted
        self._watch()

    async def subscribe(self, filters: Sequence[str], qos: int) -> None:
        """Wait for the broker's answer, or until a resumed session fills the high water.

        In the second case the answer is queued behind messages that must be acknowledged first.
        Raises RefusedError for a filter the broker denies, TransportError without an answer.
        """
        wanted = [(each, qos) for each in filters]
        answer = self._spawn(self._client.subscribe(wanted, timeout=math.inf))
        lost = self._spawn(self.lost())
        ends = {answer, lost, self._spawn(self._stalled.wait())}
        await asyncio.wait(ends, timeout=ANSWER_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            self._check_granted(filters, answer)
        elif self._stalled.is_set():
            answer.add_done_callback(lambda late: self._check_late(filters, late))
        else:
            reason = lost.result() if lost.done() else "subscription not answered"
            raise self.login.unreachable(reason)

    async def close(self) -> None:
        """Say goodbye; what was acknowledged before is written first, and nothing read after.

        Waits for the broker to hang up: one that sees the next connection of this client before it
        has read the last acknowledgements would deliver those messages again.
        """
        self.pause()
        for task in self._tasks:
            task.cancel()
        if self._opened:
            line = self._held_line()
            with contextlib.suppress(aiomqtt.MqttError):
                await self._client.__aexit__(None, None, None)
            if line is not None:
                await self._hung_up(line)
        else:
            self._paho.disconnect()
        self._drop_confirmations()

    def _held_line(self) -> socket.socket | None:
        """The connection under a second handle, which stays when paho closes its own."""
        descriptor = self._descriptor()
        if descriptor is None:
            return None
        line = socket.socket(fileno=os.dup(descriptor))
        line.setblocking(False)
        return line

    async def _hung_up(self, line: socket.socket) -> None:
        with line, contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(GOODBYE_TIMEOUT):
                while await self._loop.sock_recv(line, 65536):
                    pass

    async def lost(self) -> str:
        """Wait until the connection has ended, and say why."""
        reason = "closed"
        try:
            await anext(self._client.messages)
        except aiomqtt.MqttError as error:
            reason = str(error.__cause__ or error)
        self._drop_confirmations()
        return reason

    def acknowledge(self, deliveries: Iterable[tuple[int, int]]) -> None:
        """Send the acknowledgements of received messages, each by its mid and qos."""
        for mid, qos in deliveries:
            self._paho.ack(mid, qos)
        self._write()

    def publish(self, message: Outgoing) -> asyncio.Future[None]:
        """Send; the future ends with the broker's confirmation or ConnectionLostError."""
        done: asyncio.Future[None] = self._loop.create_future()
        info = self._paho.publish(message.topic, message.payload, message.qos, message.retain)
        if info.rc:
            done.set_exception(ConnectionLostError(f"{self.login}: not connected"))
        elif message.qos == 0:
            done.set_result(None)
        else:
            self._confirmations[info.mid] = done
        return done

    def pause(self) -> None:
        """Stop reading; the broker's messages wait in the socket and then in the broker."""
        self._paused = True
        self._stalled.set()
        if (descriptor := self._descriptor()) is not None:
            self._loop.remove_reader(descriptor)

    def resume(self) -> None:
        """Read again after `pause`."""
        if self._paused:
            self._paused = False
            self._watch()

    def _check_granted(self, filters: Sequence[str], answer: asyncio.Task[Any]) -> None:
        if error := answer.exception():
            raise self.login.unreachable(str(error)) from error
        for each, code in zip(filters, answer.result(), strict=True):
            if getattr(code, "value", code) >= REFUSED_SUBSCRIPTION:
                raise self.login.refused(f"no right to subscribe to {each}")

    def _check_late(self, filters: Sequence[str], answer: asyncio.Task[Any]) -> None:
        if answer.cancelled():
            return
        try:
            self._check_granted(filters, answer)
        except TransportError as error:
            LOGGER.error("%s", error)  # noqa: TRY400
            self._paho.disconnect()

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        return task

    def _watch(self) -> None:
        descriptor = self._descriptor()
        if descriptor is not None and not self._paused:
            self._loop.add_reader(descriptor, self._read)
            self._read_soon()

    def _read_soon(self) -> None:
        if self._again is not None:
            self._again.cancel()
        self._again = self._loop.call_soon(self._read)

    def _read(self) -> None:
        for _ in range(READ_BURST):
            before = self._received
            if self._paused or self._read_packets():
                return
            if self._received == before and not self._decrypted():
                return
        if self._decrypted():
            self._read_soon()

    def _read_packets(self) -> int:
        try:
            return self._paho.loop_read()
        except Exception:
            LOGGER.exception("%s: reading failed, reconnecting", self.login)
            return self._paho.disconnect()

    def _write(self) -> None:
        try:
            self._paho.loop_write()
        except Exception:
            LOGGER.exception("%s: writing failed, reconnecting", self.login)
            self._paho.disconnect()

    def _on_write_wanted(self, _client: PahoClient, _userdata: Any, opened: Descriptor) -> None:
        self._loop.add_writer(opened.fileno(), self._write)

    def _decrypted(self) -> bool:
        opened = self._paho.socket()
        return isinstance(opened, ssl.SSLSocket) and opened.pending() > 0

    def _descriptor(self) -> int | None:
        opened = self._paho.socket()
        return None if opened is None else opened.fileno()

    def _on_message(self, _client: PahoClient, _userdata: Any, message: MQTTMessage) -> None:
        self._received += 1
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        if not self.receive(topic, bytes(message.payload), message.mid, message.qos):
            self.pause()

    def _on_publish(self, _client: PahoClient, _userdata: Any, mid: int, *_: Any) -> None:
        done = self._confirmations.pop(mid, None)
        if done is not None and not done.done():
            done.set_result(None)

    def _drop_confirmations(self) -> None:
        dropped, self._confirmations = self._confirmations, {}
        for done in dropped.values():
            if not done.done():
                done.set_exception(ConnectionLostError(f"{self.login}: connection lost"))


def paho_of(client: aiomqtt.Client) -> PahoClient:
    """The paho client inside an aiomqtt client; a contract test fails when the name moves."""
    return client._client  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _new_client(login: Login) -> aiomqtt.Client:
    address = login.address
    return aiomqtt.Client(
        address.host,
        address.port,
        username=address.username,
        password=address.password,
        tls_context=address.tls,
        identifier=login.client_id,
        clean_session=not login.persistent,
        protocol=aiomqtt.ProtocolVersion.V311,
        keepalive=login.keepalive,
        max_inflight_messages=NO_LIMIT,
        socket_options=SOCKET_OPTIONS,
        will=_will(login.will),
    )


def _will(message: Outgoing | None) -> aiomqtt.Will | None:
    if message is None:
        return None
    return aiomqtt.Will(message.topic, message.payload, message.qos, message.retain)
