"""Charge points of both versions: the client side of the package `ocpp`, real WebSockets."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from ocpp.charge_point import ChargePoint
from ocpp.routing import on
from ocpp.v16 import ChargePoint as Base16
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v201 import ChargePoint as Base201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from websockets.asyncio.client import ClientConnection, connect


def iso(at: datetime | None = None) -> str:
    return (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Charger16(Base16):
    """Does what it is told, and remembers it; `answers` are other words than Accepted."""

    def __init__(self, id: str, socket: ClientConnection) -> None:
        super().__init__(id, socket, response_timeout=30)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, str] = {}
        self.state = "Available"

    def heard(self, action: str, said: dict[str, Any], usual: str = "Accepted") -> str:
        self.told.append((action, said))
        return self.answers.get(action, usual)

    @on("RemoteStartTransaction")
    def _start(self, **said: Any) -> Any:
        return result16.RemoteStartTransaction(self.heard("RemoteStartTransaction", said))

    @on("RemoteStopTransaction")
    def _stop(self, **said: Any) -> Any:
        return result16.RemoteStopTransaction(self.heard("RemoteStopTransaction", said))

    @on("SetChargingProfile")
    def _limit(self, **said: Any) -> Any:
        return result16.SetChargingProfile(self.heard("SetChargingProfile", said))

    @on("UnlockConnector")
    def _unlock(self, **said: Any) -> Any:
        return result16.UnlockConnector(self.heard("UnlockConnector", said, "Unlocked"))

    @on("Reset")
    def _reset(self, **said: Any) -> Any:
        return result16.Reset(self.heard("Reset", said))

    @on("ChangeAvailability")
    def _change(self, **said: Any) -> Any:
        self.state = "Unavailable" if said["type"] == "Inoperative" else "Available"
        return result16.ChangeAvailability(self.heard("ChangeAvailability", said))

    @on("TriggerMessage")
    async def _trigger(self, **said: Any) -> Any:
        self.told.append(("TriggerMessage", said))
        self.speaking = asyncio.create_task(self.status(self.state))
        return result16.TriggerMessage("Accepted")

    async def boot(self, firmware: str = "1.4.2") -> Any:
        return await self.call(call16.BootNotification("W11", "Solora", firmware_version=firmware))

    async def status(self, status: str, error: str = "NoError", connector: int = 1) -> Any:
        return await self.call(call16.StatusNotification(connector, error, status, timestamp=iso()))

    async def begin(self, meter: int, at: datetime | None = None, token: str = "04A2") -> Any:
        return await self.call(call16.StartTransaction(1, token, meter, iso(at)))

    async def end(self, number: int, meter: int, at: datetime | None = None) -> Any:
        return await self.call(call16.StopTransaction(meter, iso(at), number, reason="Local"))

    async def meter(self, number: int, energy: float, power: float, at: Any = None) -> Any:
        sampled = [
            {"value": str(energy), "measurand": "Energy.Active.Import.Register", "unit": "kWh"},
            {"value": str(power), "measurand": "Power.Active.Import", "unit": "W"},
            {"value": "16.1", "measurand": "Current.Import", "phase": "L1", "unit": "A"},
            {"value": "231.5", "measurand": "Voltage", "phase": "L1-N", "unit": "V"},
        ]
        value = [{"timestamp": iso(at), "sampled_value": sampled}]
        return await self.call(call16.MeterValues(1, value, number))


class Charger201(Base201):
    """The same for 2.0.1."""

    def __init__(self, id: str, socket: ClientConnection) -> None:
        super().__init__(id, socket, response_timeout=30)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, str] = {}
        self.number = 0

    def heard(self, action: str, said: dict[str, Any], usual: str = "Accepted") -> str:
        self.told.append((action, said))
        return self.answers.get(action, usual)

    @on("RequestStartTransaction")
    def _start(self, **said: Any) -> Any:
        return result201.RequestStartTransaction(self.heard("RequestStartTransaction", said))

    @on("RequestStopTransaction")
    def _stop(self, **said: Any) -> Any:
        return result201.RequestStopTransaction(self.heard("RequestStopTransaction", said))

    @on("SetChargingProfile")
    def _limit(self, **said: Any) -> Any:
        return result201.SetChargingProfile(self.heard("SetChargingProfile", said))

    @on("UnlockConnector")
    def _unlock(self, **said: Any) -> Any:
        return result201.UnlockConnector(self.heard("UnlockConnector", said, "Unlocked"))

    @on("Reset")
    def _reset(self, **said: Any) -> Any:
        return result201.Reset(self.heard("Reset", said))

    @on("SetVariables")
    def _set(self, **said: Any) -> Any:
        (asked,) = said["set_variable_data"]
        status = self.heard("SetVariables", said)
        kept = {"component": asked["component"], "variable": asked["variable"]}
        return result201.SetVariables([{"attribute_status": status, **kept}])

    async def boot(self, firmware: str = "2.0.7") -> Any:
        station = {"model": "W22", "vendor_name": "Solora", "firmware_version": firmware}
        return await self.call(call201.BootNotification(station, "PowerUp"))

    async def status(self, status: str) -> Any:
        return await self.call(call201.StatusNotification(iso(), status, 1, 1))

    async def event(
        self, kind: str, transaction: str, energy: float, at: Any = None, **more: Any
    ) -> Any:
        contexts = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}
        sampled = [
            {
                "value": energy,
                "context": contexts.get(kind, "Sample.Periodic"),
                "unit_of_measure": {"unit": "kWh"},
            },
            {"value": 7.36, "measurand": "Power.Active.Import", "unit_of_measure": {"unit": "kW"}},
        ]
        self.number += 1
        return await self.call(
            call201.TransactionEvent(
                event_type=kind,
                timestamp=iso(at),
                trigger_reason="Authorized",
                seq_no=self.number,
                transaction_info={"transaction_id": transaction, **more.pop("info", {})},
                meter_value=[{"timestamp": iso(at), "sampled_value": sampled}],
                **more,
            )
        )

    async def problem(self, component: str, value: str) -> Any:
        event = {
            "event_id": 1,
            "timestamp": iso(),
            "trigger": "Delta",
            "actual_value": value,
            "component": {"name": component, "evse": {"id": 1}},
            "variable": {"name": "Problem"},
            "event_notification_type": "HardWiredNotification",
        }
        return await self.call(call201.NotifyEvent(iso(), 0, [event]))


KINDS: dict[str, type[Charger16 | Charger201]] = {"ocpp1.6": Charger16, "ocpp2.0.1": Charger201}


def basic(user: str, password: str | bytes) -> dict[str, str]:
    secret = password.encode() if isinstance(password, str) else password
    return {"Authorization": "Basic " + base64.b64encode(user.encode() + b":" + secret).decode()}


@asynccontextmanager
async def plugged(
    url: str,
    protocol: str = "ocpp1.6",
    password: str | bytes = "",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Any]:
    """A charger that is connected and hears what it is told."""
    identity = url.rpartition("/")[2]
    headers = basic(identity, password) if password else {}
    async with connect(
        url, subprotocols=[protocol], additional_headers=headers, ssl=tls, compression=None
    ) as socket:
        charger: ChargePoint = KINDS[protocol](identity, socket)
        listening = asyncio.create_task(charger.start())
        try:
            yield charger
        finally:
            listening.cancel()
            await asyncio.wait({listening})


async def said(socket: ClientConnection, message: Any) -> Any:
    """The answer to one message, as JSON; a text is sent as it is."""
    await socket.send(message if isinstance(message, str) else json.dumps(message))
    async with asyncio.timeout(20):
        return json.loads(await socket.recv())
