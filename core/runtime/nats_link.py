"""A connection to nats-server that comes back whenever it is lost.

nats-py could reconnect by itself, but would then replay what it had buffered and keep requests of
which the server knows nothing any more. Here each connection is a new client that starts afresh.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import attrs
import nats.errors
from nats.aio.client import Client

from core.runtime.mqtt_link import STEADY, Backoff
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.transport import RefusedError, TransportError

LOGGER = logging.getLogger(__name__)
ANSWER_TIMEOUT: Final = 10.0
PING_INTERVAL: Final = 10
LOOK_INTERVAL: Final = 0.5
GONE: Final = (nats.errors.Error, TimeoutError, OSError)
"""What nats-py raises when the server does not do what it should."""


@attrs.define(eq=False)
class NatsConnection:
    """One connection, from `open` to the end of `lost`."""

    address: BrokerAddress
    name: str
    client: Client = attrs.field(init=False, factory=Client)
    lost: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    denied: str = attrs.field(init=False, default="")

    async def open(self) -> None:
        """Connect; raises RefusedError, or TransportError when no server answers."""
        scheme = "tls" if self.address.tls else "nats"
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                await self.client.connect(
                    f"{scheme}://{self.address.host}:{self.address.port}",
                    name=self.name,
                    user=self.address.username,
                    password=self.address.password,
                    tls=self.address.tls,
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    ping_interval=PING_INTERVAL,
                    error_cb=self._on_error,
                    closed_cb=self._on_closed,
                )
        except GONE as error:
            if "authorization" in str(error).lower():
                raise self.refused(str(error)) from error
            raise self.unreachable(str(error) or type(error).__name__) from error

    async def check_rights(self) -> None:
        """Return once the server has taken what was asked for so far; RefusedError if it denies it.

        In nats-py 2.16 the ping of a flush overtakes what waits to be written; the ping of a
        second one follows it.
        """
        await self.client.flush()
        await self.client.flush()
        if self.denied:
            raise self.refused(self.denied)

    async def close(self) -> None:
        """Write what is to be written, and end."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                await self.client.close()
        except GONE as error:
            LOGGER.debug("%s: closing: %s", self, error)
        self.lost.set()

    def refused(self, reason: str) -> RefusedError:
        """Return the error of a server that says no."""
        return RefusedError(
            f"{self}: nats-server refuses ({reason}): check user name, password and "
            "the rights of this account in the server's configuration"
        )

    def unreachable(self, reason: str) -> TransportError:
        """Return the error of a server that does not answer."""
        return TransportError(
            f"{self}: no nats-server answers ({reason}): "
            "check host and port, and that the server runs with JetStream"
        )

    def __str__(self) -> str:
        return f"{self.name} at {self.address}"

    async def until_lost(self) -> None:
        """Return once the connection has ended.

        nats-py 2.16 does not say so when the socket breaks with something still to be written
        (its `closed_cb` comes after a drain that raises), so it is also looked at.
        """
        while not (self.lost.is_set() or self.client.is_closed):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_INTERVAL):
                    await self.lost.wait()
        self.lost.set()

    async def _on_error(self, error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            self.denied = str(error)
            LOGGER.error("%s: %s", self, error)
        else:
            LOGGER.debug("%s: %r", self, error)

    async def _on_closed(self) -> None:
        self.lost.set()


Step = Callable[[NatsConnection], Coroutine[Any, Any, None]]


async def _nothing(_: NatsConnection) -> None:
    """Do nothing."""


@attrs.define(eq=False)
class NatsLink:
    """Keeps one client connected.

    prepare: done on each new connection before it is used; attend: runs while it is used. When
    either fails, the connection is given up and made anew.
    """

    address: BrokerAddress
    name: str
    prepare: Step = _nothing
    attend: Step = NatsConnection.until_lost
    backoff: Backoff = attrs.field(factory=Backoff)
    connection: NatsConnection | None = attrs.field(init=False, default=None)
    task: asyncio.Task[None] = attrs.field(init=False)
    _up: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    _failures: int = attrs.field(init=False, default=0)
    _ever: bool = attrs.field(init=False, default=False)

    async def start(self) -> None:
        """Return once connected and prepared; raises RefusedError if the server says no."""
        self.task = asyncio.create_task(self._run(), name=f"nats {self.name}")
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
        """Disconnect."""
        # nats-py swallows a cancellation while it flushes.
        while not self.task.done():
            self.task.cancel()
            await asyncio.wait({self.task}, timeout=1)

    async def connected(self) -> NatsConnection:
        """Return the open connection, waiting for it if need be."""
        await self._up.wait()
        if self.connection is None:
            self.raise_failure()
            raise TransportError(f"{self.name}: the client is closed: open a new one")
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
        connection = NatsConnection(self.address, self.name)
        try:
            await connection.open()
            await self._serve(connection)
        except RefusedError as error:
            if not self._ever:
                raise
            LOGGER.error("%s", error)  # noqa: TRY400
        except TransportError as error:
            LOGGER.warning("%s", error)
        except GONE as error:
            LOGGER.warning("%s", connection.unreachable(str(error)))
        finally:
            self._failures += 1
            self._up.clear()
            self.connection = None
            await connection.close()

    async def _serve(self, connection: NatsConnection) -> None:
        async with asyncio.timeout(ANSWER_TIMEOUT):
            await _first_of(self.prepare(connection), connection.until_lost())
        if connection.lost.is_set():
            raise connection.unreachable("it went away at once")
        self.connection, self._ever = connection, True
        self._up.set()
        LOGGER.info("%s: connected", connection)
        began = time.monotonic()
        await _first_of(self.attend(connection), connection.until_lost())
        if time.monotonic() - began >= STEADY:
            self._failures = 0
        LOGGER.warning("%s: connection lost, reconnecting", connection)


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Run until one ends, and end the others; raises what it raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
