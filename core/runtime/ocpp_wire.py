"""OCPP-J on WebSockets: the only module that knows the package `websockets`.

A charger's calls are answered in their order, while its answers to ours are heard at once. What
breaks the rules is answered by a CALLERROR and the connection stays. Without a common subprotocol
the handshake ends and the connection is closed, as the standard asks. Messages are not compressed:
that would take more memory than all else.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from attrs import define, field, frozen
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from core.runtime import ocpp_messages
from core.runtime.ocpp_messages import Answer, Call, CallRefusedError, Payload, Version

LOGGER = logging.getLogger(__name__)
SUBPROTOCOLS: Final[Mapping[str, Version]] = {"ocpp2.0.1": "2.0.1", "ocpp1.6": "1.6"}
"""The one that we prefer first."""
LONGEST: Final = 512 * 1024
WAITING: Final = 32
PING: Final = 60
GOODBYE: Final = 5


class NoAnswerError(Exception):
    """The charger did not answer a call; nobody knows what became of it."""


@frozen
class Refusal:
    """Why a handshake is refused."""

    status: HTTPStatus
    reason: str


Handle = Callable[[Call], Awaitable[Payload]]


@define(eq=False)
class Wire:
    """One charger's connection; `patience` is how many seconds it may take to answer."""

    version: Version
    path: str
    _socket: ServerConnection
    patience: float = 30
    _calls: asyncio.Queue[Call] = field(init=False, factory=lambda: asyncio.Queue[Call](WAITING))
    _answers: dict[str, asyncio.Future[Payload]] = field(
        init=False, factory=dict[str, asyncio.Future[Payload]]
    )
    _turn: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    async def attend(self, handle: Handle) -> None:
        """Answer the charger's calls by what `handle` says until the connection ends."""
        working = asyncio.create_task(self._work(handle))
        try:
            async for text in self._socket:
                await self._receive(text)
        except ConnectionClosed as closed:
            LOGGER.info("%s: connection lost (%s)", self.path, closed)
        finally:
            working.cancel()
            await asyncio.wait({working})
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(NoAnswerError("the charger is gone"))

    async def call(self, action: str, payload: Payload) -> Payload:
        """Tell the charger something, one at a time; its answer.

        Raises CallRefusedError, also before sending where the payload breaks its schema, and
        NoAnswerError.
        """
        number = str(uuid4())
        text = await ocpp_messages.call(number, action, payload, self.version)
        async with self._turn:
            answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
            self._answers[number] = answer
            try:
                await self._socket.send(text)
                async with asyncio.timeout(self.patience):
                    said = await answer
            except (TimeoutError, ConnectionClosed):
                raise NoAnswerError(f"no answer to {action}") from None
            finally:
                del self._answers[number]
        await ocpp_messages.check_answer(action, said, self.version)
        return said

    async def close(self, reason: str) -> None:
        """End the connection."""
        await self._socket.close(1000, reason)

    async def _receive(self, text: str | bytes) -> None:
        try:
            message = await ocpp_messages.read(text, self.version)
        except CallRefusedError as refused:
            LOGGER.warning("%s: %s: %.200r", self.path, refused, text)
            await self._refuse(refused.number, refused)
            return
        if isinstance(message, Answer):
            self._answered(message)
        else:
            await self._calls.put(message)

    async def _work(self, handle: Handle) -> None:
        while True:
            call = await self._calls.get()
            try:
                said = await handle(call)
            except CallRefusedError as refused:
                await self._refuse(call.id, refused)
            else:
                await self._send(ocpp_messages.result(call.id, said))

    def _answered(self, given: Answer) -> None:
        answer = self._answers.get(given.id)
        if answer is None or answer.done():
            LOGGER.warning("%s: answers %s, which nobody waits for", self.path, given.id)
        elif isinstance(given.said, CallRefusedError):
            answer.set_exception(given.said)
        else:
            answer.set_result(given.said)

    async def _refuse(self, number: str, refused: CallRefusedError) -> None:
        await self._send(ocpp_messages.error(refused, number, self.version))

    async def _send(self, text: str) -> None:
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            LOGGER.info("%s: is gone before it was answered", self.path)


@asynccontextmanager
async def listening(
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    admit: Callable[[str, str | None], Refusal | None],
    attend: Callable[[Wire], Awaitable[None]],
) -> AsyncGenerator[int]:
    """Listen for chargers, and give the port.

    admit: by path and Authorization header says why a charger is not let in; attend: serves one.
    """

    def process(socket: ServerConnection, request: Request) -> Response | None:
        refusal = admit(request.path, request.headers.get("Authorization"))
        return None if refusal is None else _refused(socket, refusal)

    async def handle(socket: ServerConnection) -> None:
        path = socket.request.path if socket.request else ""
        version = SUBPROTOCOLS.get(socket.subprotocol or "")
        if version is None:
            await socket.close(1002, f"offer one of {', '.join(SUBPROTOCOLS)}")
            return
        await attend(Wire(version, path, socket))

    options: dict[str, Any] = {"ssl": tls, "compression": None, "server_header": None}
    async with serve(
        handle,
        host,
        port,
        process_request=process,
        select_subprotocol=_chosen,
        max_size=LONGEST,
        ping_interval=PING,
        ping_timeout=PING,
        close_timeout=GOODBYE,
        **options,
    ) as server:
        first, *_ = server.sockets
        yield int(first.getsockname()[1])


def _chosen(_socket: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return next((Subprotocol(name) for name in SUBPROTOCOLS if name in offered), None)


def _refused(socket: ServerConnection, refusal: Refusal) -> Response:
    response = socket.respond(refusal.status, f"{refusal.reason}\n")
    if refusal.status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="ocpp"'
    return response
