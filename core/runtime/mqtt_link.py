"""A connection to an MQTT broker that comes back whenever it is lost."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from core.runtime.mqtt_connection import MqttConnection, Receive
from core.runtime.mqtt_login import Login
from core.runtime.transport import Outgoing, RefusedError, TransportError

LOGGER = logging.getLogger(__name__)
STEADY: Final = 10.0


@attrs.frozen
class Backoff:
    """Seconds before the next attempt: doubling from first to most, half of it by chance."""

    first: float = 0.5
    most: float = 30.0

    def delay(self, failures: int) -> float:
        """Seconds after the given count of failures in a row, from 1."""
        span: float = min(self.most, self.first * 2 ** min(failures - 1, 16))
        return span * (0.5 + secrets.randbelow(1001) / 2000)


@attrs.define(eq=False)
class Link:
    """Keeps one client connected: connects, subscribes, and does so again whenever it is lost."""

    login: Login
    filters: Sequence[str]
    receive: Receive
    on_lost: Callable[[], None] = lambda: None
    qos: int = 1
    birth: Callable[[], Outgoing] | None = None
    backoff: Backoff = attrs.field(factory=Backoff)
    connection: MqttConnection | None = attrs.field(init=False, default=None)
    task: asyncio.Task[None] = attrs.field(init=False)
    _up: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    _failures: int = attrs.field(init=False, default=0)
    _ever: bool = attrs.field(init=False, default=False)

    @property
    def is_up(self) -> bool:
        """Whether it is connected and subscribed now."""
        return self._up.is_set() and self.connection is not None

    async def start(self) -> None:
        """Return once connected and subscribed; raises RefusedError if the broker says no."""
        self.task = asyncio.create_task(self._run(), name=f"mqtt {self.login.client_id}")
        waiting = asyncio.create_task(self._up.wait())
        try:
            await asyncio.wait({self.task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self.stop()
            raise
        finally:
            waiting.cancel()
        if self.task.done():
            await self.task

    async def stop(self) -> None:
        """Disconnect cleanly."""
        self.task.cancel()
        await asyncio.wait({self.task})

    async def connected(self) -> MqttConnection:
        """Return the open connection, waiting for it if need be."""
        await self._up.wait()
        if self.connection is None:
            self.raise_failure()
            message = f"{self.login}: the client is closed: open a new one"
            raise TransportError(message)
        return self.connection

    def raise_failure(self) -> None:
        """Raise what ended the link, if it was anything but `stop`."""
        if self.task.done() and not self.task.cancelled():
            self.task.result()

    async def _run(self) -> None:
        try:
            while True:
                await self._hold()
                await asyncio.sleep(self.backoff.delay(self._failures))
        finally:
            self._up.set()

    async def _hold(self) -> None:
        self.connection = connection = MqttConnection(self.login, self.receive)
        try:
            await connection.open()
            await self._serve(connection)
        except RefusedError as error:
            if not self._ever:
                raise
            LOGGER.error("%s", error)  # noqa: TRY400
        except TransportError as error:
            LOGGER.warning("%s", error)
        finally:
            self._failures += 1
            self._up.clear()
            await connection.close()
            self.connection = None
            self.on_lost()

    async def _serve(self, connection: MqttConnection) -> None:
        if self.filters:
            await connection.subscribe(self.filters, self.qos)
        if self.birth is not None:
            connection.publish(self.birth()).add_done_callback(_retrieve)
        self._ever = True
        self._up.set()
        LOGGER.info("%s: connected", self.login)
        began = time.monotonic()
        reason = await connection.lost()
        if time.monotonic() - began >= STEADY:
            self._failures = 0
        LOGGER.warning("%s: connection lost (%s), reconnecting", self.login, reason)


def _retrieve(done: asyncio.Future[None]) -> None:
    if not done.cancelled():
        done.exception()
