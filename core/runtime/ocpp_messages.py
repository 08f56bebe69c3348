"""Messages of OCPP-J: read, checked against the schemas of their version, and written.

The only module that knows the package `ocpp`, which has no types that a checker could use.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast

import msgspec
import ocpp.exceptions
import ocpp.messages
import ocpp.v16.enums
import ocpp.v201.enums
from attrs import frozen

Version = Literal["1.6", "2.0.1"]
Payload = Mapping[str, Any]

_MESSAGES: Final[Any] = ocpp.messages
_MESSAGES.ASYNC_VALIDATION = False  # a hop to a thread would cost more than the check
_ERROR: Final[type[Exception]] = ocpp.exceptions.OCPPError
_ENUMS: Final[Mapping[Version, Any]] = {"1.6": ocpp.v16.enums, "2.0.1": ocpp.v201.enums}

ACTIONS: Final[Mapping[Version, frozenset[str]]] = {
    version: frozenset(str(action.value) for action in enums.Action)
    for version, enums in _ENUMS.items()
}
"""The actions that a version knows, whoever says them."""
NAMES_OF_16: Final = {
    "FormatViolation": "FormationViolation",
    "OccurrenceConstraintViolation": "OccurenceConstraintViolation",
}
"""Error codes that OCPP 1.6 spells otherwise."""
NO_ID: Final = "-1"


class CallRefusedError(Exception):
    """A call that is answered by a CALLERROR: its code, and a sentence that says what to do."""

    def __init__(self, code: str, description: str, number: str = NO_ID) -> None:
        self.code, self.description, self.number = code, description, number
        super().__init__(f"{code}: {description}")


@frozen(eq=False)
class Call:
    """What a charger says: the action, its payload, and the bytes of that as they came."""

    id: str
    action: str
    payload: Payload
    raw: bytes


@frozen(eq=False)
class Answer:
    """A charger's answer to the call of this id."""

    id: str
    said: "Payload | CallRefusedError"


async def read(text: str | bytes, version: Version) -> Call | Answer:
    """A message of a charger; raises CallRefusedError, with its id as far as it has one."""
    try:
        message: Any = _MESSAGES.unpack(text)
    except (_ERROR, RecursionError) as error:
        raise _refused(error, _id_in(text)) from None
    number = str(message.unique_id)
    if isinstance(message, _MESSAGES.CallResult):
        return Answer(number, message.payload)
    if isinstance(message, _MESSAGES.CallError):
        description = str(message.error_description or "")
        return Answer(number, CallRefusedError(str(message.error_code), description))
    if not isinstance(message.action, str) or message.action not in ACTIONS[version]:
        what = f"OCPP {version} has no action {message.action!r}"
        raise CallRefusedError("NotImplemented", what, number)
    await _check(message, version)
    raw = msgspec.json.decode(text, type=list[msgspec.Raw])[3]
    return Call(number, message.action, message.payload, bytes(raw))


async def check_answer(action: str, said: Payload, version: Version) -> None:
    """Raises CallRefusedError where an answer breaks the schema of its action."""
    await _check(_MESSAGES.CallResult("", dict(said), action), version)


async def call(number: str, action: str, payload: Payload, version: Version) -> str:
    """A call as text; raises CallRefusedError where it breaks its schema."""
    message = _MESSAGES.Call(number, action, dict(payload))
    await _check(message, version)
    return str(message.to_json())


def result(number: str, payload: Payload) -> str:
    """An answer as text."""
    return str(_MESSAGES.CallResult(number, dict(payload)).to_json())


def error(refused: CallRefusedError, number: str, version: Version) -> str:
    """A CALLERROR as text."""
    code = refused.code
    name = NAMES_OF_16.get(code, code) if version == "1.6" else code
    return str(_MESSAGES.CallError(number, name, refused.description[:255], {}).to_json())


async def _check(message: Any, version: Version) -> None:
    try:
        await _MESSAGES.validate_payload(message, version)
    except _ERROR as error:
        raise _refused(error, str(message.unique_id)) from None


def _refused(error: Exception, number: str) -> CallRefusedError:
    said: Any = error
    details: dict[str, Any] = getattr(said, "details", None) or {}
    code = str(getattr(said, "code", "FormatViolation"))
    return CallRefusedError(code, str(details.get("cause") or error), number)


def _id_in(text: str | bytes) -> str:
    """The id of a call that is none otherwise, so that its sender knows which it was."""
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return NO_ID
    if not isinstance(found, list):
        return NO_ID
    parts = cast("Sequence[Any]", found)
    is_call = len(parts) > 1 and parts[0] == 2 and isinstance(parts[1], str)
    return str(parts[1]) if is_call else NO_ID
