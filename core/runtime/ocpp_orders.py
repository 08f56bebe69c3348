"""Commands of the platform as calls of OCPP, and the charger's answer as that of the platform.

A command is claimed in the database before it is handed over: whoever ends the gateway meanwhile,
no charger is told twice. What the charger left unanswered stays running, until it times out.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final
from zlib import crc32

import msgspec
from attrs import define

from core.charging import calls, records
from core.charging.calls import Answer
from core.runtime.clock import Clock
from core.runtime.database import Database, cause, trouble
from core.runtime.ocpp_messages import CallRefusedError, Payload, Version
from core.runtime.ocpp_wire import NoAnswerError, Wire
from core.thing_model.messages import Acknowledgement, AckStatus, CommandMessage

LOGGER = logging.getLogger(__name__)
MESSAGE: Final = msgspec.json.Decoder(CommandMessage)
SUCCESS: Final = frozenset({"Accepted", "Unlocked", "RebootRequired"})
LATER: Final = "Scheduled"
FAILURE: Final = frozenset({"UnlockFailed"})
"""The charger tried; all other words say that it did not."""
SETTLING: Final = 1.0
"""Seconds until a charger is asked to show what it did: proof has to be newer than its answer."""
UNKNOWN_OUTCOME: Final = "handed to the charger before; what became of it is not known"


class Frame(msgspec.Struct):
    """What a command's bytes say: a call, and what readings show once it was carried out."""

    action: str
    payload: dict[str, Any]
    shows: dict[str, Any] = {}


@define(eq=False)
class Orders:
    """Carries out the commands of one charger."""

    sn: str
    wire: Wire
    database: Database
    clock: Clock

    async def carry_out(self, payload: bytes) -> AsyncIterator[Acknowledgement]:
        """What is to be said to the platform, as it becomes known."""
        try:
            message = MESSAGE.decode(payload)
        except msgspec.DecodeError as error:
            LOGGER.warning("%s: a command cannot be read: %s", self.sn, error)
            return
        if message.expires_at <= self.clock():
            yield Acknowledgement(message.id, "rejected", "expired before it arrived")
            return
        try:
            async with self.database.begin() as connection:
                known = await calls.claim(connection, message.id, self.sn, self.clock())
        except Exception as error:
            if trouble(error) != "away":
                raise
            detail = f"not handed to the charger: the database does not answer: {cause(error)}"
            yield Acknowledgement(message.id, "rejected", detail[:1000])
            return
        if known is not None:
            yield _again(message.id, known)
            return
        async for said in self._hand_over(message):
            yield said

    async def _hand_over(self, message: CommandMessage) -> AsyncIterator[Acknowledgement]:
        try:
            frame = msgspec.json.decode(bytes.fromhex(message.frame), type=Frame)
            filled = await self._filled(frame, message)
        except (ValueError, CallRefusedError) as error:
            yield await self._answered(message.id, "rejected", str(error))
            return
        yield Acknowledgement(message.id, "accepted")
        yield await self._answered(message.id, *await self._told(frame.action, filled))
        if frame.shows:
            await self._ask_for_status(_connector(message.slot))

    async def _told(self, action: str, payload: Mapping[str, Any]) -> tuple[AckStatus, str]:
        try:
            return _verdict(await self.wire.call(action, payload))
        except CallRefusedError as error:
            known = error.code not in ("NotImplemented", "NotSupported")
            return "failed" if known else "rejected", str(error)
        except NoAnswerError as error:
            return "running", f"{error}: what became of it is not known"

    async def _answered(self, id: str, status: AckStatus, detail: str) -> Acknowledgement:
        """The answer, kept for the case that the command comes again."""
        said = Acknowledgement(id, status, detail[:1000])
        try:
            async with self.database.begin() as connection:
                await calls.answer(connection, id, Answer(said.status, said.detail))
        except Exception as error:
            if trouble(error) != "away":
                raise
            LOGGER.warning("%s: the answer to %s is not kept: %s", self.sn, id, cause(error))
        return said

    async def _filled(self, frame: Frame, message: CommandMessage) -> dict[str, Any]:
        """The payload with connector and transaction; raises CallRefusedError."""
        connector = _connector(message.slot)
        payload: dict[str, Any] = {**frame.payload}
        if fill := _FILLS[self.wire.version].get(frame.action):
            payload |= fill(payload, connector)
        if frame.action in ("RemoteStopTransaction", "RequestStopTransaction"):
            async with self.database.read() as connection:
                found = await records.open_of(connection, self.sn, connector)
            if found is None:
                raise CallRefusedError("NotSupported", f"no transaction is open on {message.slot}")
            known = found.transaction
            payload["transactionId"] = int(known) if self.wire.version == "1.6" else known
        if frame.action == "RequestStartTransaction":
            payload["remoteStartId"] = crc32(message.id.encode()) & 0x7FFF_FFFF
        return payload

    async def _ask_for_status(self, connector: int) -> None:
        """So that readings show what a command has changed; not every charger knows how to."""
        await asyncio.sleep(SETTLING)
        payload = {"requestedMessage": "StatusNotification"}
        payload |= _FILLS[self.wire.version]["TriggerMessage"](payload, connector)
        try:
            await self.wire.call("TriggerMessage", payload)
        except (CallRefusedError, NoAnswerError) as error:
            LOGGER.info("%s: does not say its state when asked: %s", self.sn, error)


Fill = Callable[[Mapping[str, Any], int], dict[str, Any]]


def _by_connector(_payload: Mapping[str, Any], connector: int) -> dict[str, Any]:
    return {"connectorId": connector}


def _by_evse(_payload: Mapping[str, Any], evse: int) -> dict[str, Any]:
    return {"evseId": evse}


def _asked(payload: Mapping[str, Any], connector: int) -> dict[str, Any]:
    of_connector = payload["requestedMessage"] in ("StatusNotification", "MeterValues")
    return {"connectorId": connector} if of_connector else {}


def _asked_of_evse(payload: Mapping[str, Any], evse: int) -> dict[str, Any]:
    requested = payload["requestedMessage"]
    if requested == "StatusNotification":
        return {"evse": {"id": evse, "connectorId": 1}}
    return {"evse": {"id": evse}} if requested in ("MeterValues", "TransactionEvent") else {}


def _criteria(payload: Mapping[str, Any], evse: int) -> dict[str, Any]:
    name = "chargingProfileCriteria"
    return {name: {**payload[name], "evseId": evse}}


_FILLS: Final[Mapping[Version, Mapping[str, Fill]]] = {
    "1.6": {
        "RemoteStartTransaction": _by_connector,
        "SetChargingProfile": _by_connector,
        "ClearChargingProfile": _by_connector,
        "ChangeAvailability": _by_connector,
        "UnlockConnector": _by_connector,
        "TriggerMessage": _asked,
    },
    "2.0.1": {
        "RequestStartTransaction": _by_evse,
        "SetChargingProfile": _by_evse,
        "ClearChargingProfile": _criteria,
        "ChangeAvailability": lambda _payload, evse: {"evse": {"id": evse}},
        "UnlockConnector": lambda _payload, evse: {"evseId": evse, "connectorId": 1},
        "TriggerMessage": _asked_of_evse,
    },
}
"""What the gateway adds to the payload of an action."""


def _connector(slot: str) -> int:
    """The number in `charger2`; raises ValueError."""
    number = slot.removeprefix("charger")
    if not number.isdecimal():
        raise ValueError(f"{slot!r} is no charger: the slots of chargers are charger1, charger2 …")
    return int(number)


def _verdict(said: Mapping[str, Any]) -> tuple[AckStatus, str]:
    results = said.get("setVariableResult")
    word = results[0]["attributeStatus"] if results else said.get("status", "")
    info: Payload = said.get("statusInfo") or {}
    detail = ": ".join(filter(None, (word, info.get("reasonCode"), info.get("additionalInfo"))))
    if word in SUCCESS:
        return "succeeded", detail
    if word == LATER:
        return "running", f"{detail}: as soon as the transaction has ended"
    return ("failed" if word in FAILURE else "rejected"), detail


def _again(id: str, known: Answer) -> Acknowledgement:
    statuses: Mapping[str, AckStatus] = {
        "running": "running",
        "succeeded": "succeeded",
        "failed": "failed",
        "rejected": "rejected",
    }
    status = statuses.get(known.status)
    if status is None:
        return Acknowledgement(id, "running", UNKNOWN_OUTCOME)
    return Acknowledgement(id, status, known.detail)
