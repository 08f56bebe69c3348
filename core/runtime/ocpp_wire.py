"""OCPP-J on WebSockets: the only module that knows the packages `ocpp` and `websockets`.

A charger's calls are checked against the schemas of its version and answered in their order, while
its answers to ours are heard at once. What breaks the rules is answered by a CALLERROR and the
connection stays. Without a common subprotocol the handshake ends and the connection is closed, as
the standard asks. Messages are not compressed: that would take more memory than all else.
"""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, Literal
from uuid import uuid4

import msgspec
import ocpp.messages
from attrs import define, field, frozen
from ocpp import exceptions
from ocpp.messages import CallError, CallResult, unpack, validate_payload
from ocpp.v16.enums import Action as Action16
from ocpp.v201.enums import Action as Action201
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

ocpp.messages.ASYNC_VALIDATION = False  # a hop to a thread would cost more than the check

LOGGER = logging.getLogger(__name__)
Version = Literal["1.6", "2.0.1"]
SUBPROTOCOLS: Final[Mapping[str, Version]] = {"ocpp2.0.1": "2.0.1", "ocpp1.6": "1.6"}
"""The one that we prefer first."""
ACTIONS: Final[Mapping[Version, frozenset[str]]] = {
    "1.6": frozenset(action.value for action in Action16),
    "2.0.1": frozenset(action.value for action in Action201),
}
NAMES_OF_16: Final = {
    "FormatViolation": "FormationViolation",
    "OccurrenceConstraintViolation": "OccurenceConstraintViolation",
}
"""Error codes that OCPP 1.6 spells otherwise."""
NO_ID: Final = "-1"
LONGEST: Final = 512 * 1024
WAITING: Final = 32
PING: Final = 60
GOODBYE: Final = 5


class CallRefusedError(Exception):
    """A call that is answered by a CALLERROR: its code, and a sentence that says what to do."""

    def __init__(self, code: str, description: str) -> None:
        self.code, self.description = code, description
        super().__init__(f"{code}: {description}")


class NoAnswerError(Exception):
    """The charger did not answer a call; nobody knows what became of it."""


@frozen
class Refusal:
    """Why a handshake is refused."""

    status: HTTPStatus
    reason: str


@frozen(eq=False)
class Call:
    """What a charger says: the action, its payload, and the bytes of that as they came."""

    id: str
    action: str
    payload: Mapping[str, Any]
    raw: bytes


Handle = Callable[[Call], Awaitable[Mapping[str, Any]]]


@define(eq=False)
class Wire:
    """One charger's connection; `patience` is how many seconds it may take to answer."""

    version: Version
    path: str
    _socket: ServerConnection
    patience: float = 30
    _calls: asyncio.Queue[Call] = field(init=False, factory=lambda: asyncio.Queue(WAITING))
    _answers: dict[str, asyncio.Future[Mapping[str, Any]]] = field(init=False, factory=dict)
    _turn: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    async def attend(self, handle: Handle) -> None:
        """Answer the charger's calls by what `handle` says until the connection ends."""
        working = asyncio.create_task(self._work(handle))
        try:
            async for text in self._socket:
                await self._receive(text)
        except ConnectionClosed:
            pass
        finally:
            working.cancel()
            await asyncio.wait({working})
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(NoAnswerError("the charger is gone"))

    async def call(self, action: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Tell the charger something, one at a time; its answer.

        Raises CallRefusedError, also before sending where the payload breaks its schema, and
        NoAnswerError.
        """
        call = ocpp.messages.Call(str(uuid4()), action, dict(payload))
        await _validated(call, self.version)
        async with self._turn:
            answer = self._answers[call.unique_id] = asyncio.get_running_loop().create_future()
            try:
                await self._socket.send(call.to_json())
                async with asyncio.timeout(self.patience):
                    said = await answer
            except (TimeoutError, ConnectionClosed):
                raise NoAnswerError(f"no answer to {action}") from None
            finally:
                del self._answers[call.unique_id]
        await _validated(CallResult(call.unique_id, dict(said), action), self.version)
        return said

    async def close(self, reason: str) -> None:
        """End the connection."""
        await self._socket.close(1000, reason)

    async def _receive(self, text: str | bytes) -> None:
        try:
            message = unpack(text)
        except (exceptions.OCPPError, RecursionError) as error:
            LOGGER.warning("%s: cannot be read: %.200r", self.path, text)
            code = getattr(error, "code", "FormatViolation")
            await self._refuse(_id_in(text), CallRefusedError(code, _readable(error)))
            return
        if isinstance(message, CallResult):
            self._answered(message.unique_id, message.payload)
        elif isinstance(message, CallError):
            error = CallRefusedError(message.error_code, message.error_description or "")
            self._answered(message.unique_id, error)
        else:
            await self._take(message, text)

    async def _take(self, message: ocpp.messages.Call, text: str | bytes) -> None:
        """A call whose form is right waits for its turn."""
        number = str(message.unique_id)
        try:
            if not isinstance(message.action, str) or message.action not in ACTIONS[self.version]:
                what = f"OCPP {self.version} has no action {message.action!r}"
                raise CallRefusedError("NotImplemented", what)  # noqa: TRY301
            await _validated(message, self.version)
        except CallRefusedError as error:
            await self._refuse(number, error)
            return
        raw = msgspec.json.decode(text, type=list[msgspec.Raw])[3]
        await self._calls.put(Call(number, message.action, message.payload, bytes(raw)))

    async def _work(self, handle: Handle) -> None:
        while True:
            call = await self._calls.get()
            try:
                said = await handle(call)
            except CallRefusedError as error:
                await self._refuse(call.id, error)
                continue
            await self._send(CallResult(call.id, dict(said)).to_json())

    def _answered(self, number: object, said: "Mapping[str, Any] | CallRefusedError") -> None:
        answer = self._answers.get(str(number))
        if answer is None or answer.done():
            LOGGER.warning("%s: answers %s, which nobody waits for", self.path, number)
        elif isinstance(said, CallRefusedError):
            answer.set_exception(said)
        else:
            answer.set_result(said)

    async def _refuse(self, number: str, error: CallRefusedError) -> None:
        code = NAMES_OF_16.get(error.code, error.code) if self.version == "1.6" else error.code
        await self._send(CallError(number, code, error.description[:255], {}).to_json())

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
) -> AsyncIterator[int]:
    """Listen for chargers, and give the port.

    admit: by path and Authorization header says why a charger is not let in; attend: serves one.
    """

    def process(_socket: ServerConnection, request: Request) -> Response | None:
        refusal = admit(request.path, request.headers.get("Authorization"))
        return None if refusal is None else _refused(_socket, refusal)

    async def handle(socket: ServerConnection) -> None:
        path = socket.request.path if socket.request else ""
        version = SUBPROTOCOLS.get(socket.subprotocol or "")
        if version is None:
            await socket.close(1002, f"offer one of {', '.join(SUBPROTOCOLS)}")
            return
        await attend(Wire(version, path, socket))

    server: Server
    async with serve(
        handle,
        host,
        port,
        ssl=tls,
        process_request=process,
        select_subprotocol=_chosen,
        compression=None,
        max_size=LONGEST,
        ping_interval=PING,
        ping_timeout=PING,
        close_timeout=GOODBYE,
        server_header=None,
    ) as server:
        (first, *_) = server.sockets
        yield int(first.getsockname()[1])


def _chosen(_socket: ServerConnection, offered: list[Subprotocol] | Any) -> Subprotocol | None:
    return next((Subprotocol(name) for name in SUBPROTOCOLS if name in offered), None)


def _refused(socket: ServerConnection, refusal: Refusal) -> Response:
    response = socket.respond(refusal.status, f"{refusal.reason}\n")
    if refusal.status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="ocpp"'
    return response


async def _validated(message: "ocpp.messages.Call | CallResult", version: Version) -> None:
    try:
        await validate_payload(message, version)
    except exceptions.OCPPError as error:
        raise CallRefusedError(error.code, _readable(error)) from None


def _readable(error: Exception) -> str:
    details = getattr(error, "details", None) or {}
    return str(details.get("cause") or error)


def _id_in(text: str | bytes) -> str:
    """The id of a message that is no call otherwise, so that its sender knows which it was."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return NO_ID
    is_call = isinstance(found, list) and len(found) > 1 and isinstance(found[1], str)
    return found[1] if is_call and found[0] == 2 else NO_ID
