"""Transactions of one charger: what its messages say of them goes into the charging records."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import define, field

from core.charging import records
from core.charging.records import OWN_ID, Said, started_identity
from core.runtime.database import Database
from core.runtime.ocpp_actions import (
    PERIODIC,
    connector_of,
    energy_in,
    milliseconds,
    tokens_in,
)
from core.runtime.ocpp_messages import Payload

TRANSACTIONAL: Final = frozenset({"StartTransaction", "StopTransaction", "TransactionEvent"})
LOCAL: Final = "Local"
"""Why a transaction ended where the charger gives no reason (1.6 and 2.0.1 say so)."""

BEGIN: Final = "Transaction.Begin"
END: Final = "Transaction.End"


@define(eq=False)
class Transactions:
    """The transactions of a charger, and the connectors they are on as far as was heard of them."""

    sn: str
    database: Database
    _places: dict[str, int] = field(init=False, factory=dict[str, int])

    def place(self, payload: Payload) -> int | None:
        """The connector of a message, of its transaction where it names none itself."""
        if (said := connector_of(payload)) is not None:
            return said
        return self._places.get(_transaction_in(payload))

    async def note(
        self, action: str, payload: Payload, verdict: Mapping[str, Any], now: int
    ) -> Mapping[str, Any]:
        """Keep what a message says, and answer it; `verdict` is that on its token."""
        if action == "StartTransaction":
            return {"transactionId": await self._started(payload, now), "idTagInfo": verdict}
        if action == "StopTransaction":
            await self._stopped(payload, now)
            return {"idTagInfo": verdict} if "idTag" in payload else {}
        await self._happened(payload, now)
        return {"idTokenInfo": verdict} if "idToken" in payload else {}

    async def _started(self, payload: Payload, now: int) -> int:
        at = milliseconds(payload["timestamp"])
        connector, meter, token = payload["connectorId"], payload["meterStart"], payload["idTag"]
        said = Said(connector, at, meter_start=meter, started_by=token)
        identity = started_identity(connector, at, meter, token)
        async with self.database.begin() as connection:
            record = await records.note(connection, self.sn, identity, said, now)
        self._places[record.transaction] = connector
        return record.id

    async def _stopped(self, payload: Payload, now: int) -> None:
        number, at = payload["transactionId"], milliseconds(payload["timestamp"])
        token, reason = payload.get("idTag", ""), payload.get("reason", LOCAL)
        meter = payload["meterStop"]
        said = Said(ended_at=at, meter_stop=meter, stopped_by=token, reason=reason)
        async with self.database.begin() as connection:
            record = await records.note_end(connection, self.sn, number, said, now)
        self._places[str(number)] = record.connector

    async def _happened(self, payload: Payload, now: int) -> None:
        """A TransactionEvent; an update of a transaction that is known changes no record."""
        transaction, kind = _transaction_in(payload), payload["eventType"]
        if kind == "Updated" and transaction in self._places:
            return
        async with self.database.begin() as connection:
            identity = OWN_ID + transaction
            record = await records.note(connection, self.sn, identity, _said(payload, kind), now)
        self._places[transaction] = record.connector


def _said(payload: Payload, kind: str) -> Said:
    at, token = milliseconds(payload["timestamp"]), next(iter(tokens_in(payload)), "")
    if kind == "Ended":
        return Said(
            connector_of(payload),
            ended_at=at,
            meter_start=energy_in(payload, BEGIN),
            meter_stop=energy_in(payload, END, PERIODIC),
            stopped_by=token,
            reason=payload["transactionInfo"].get("stoppedReason", LOCAL),
        )
    if kind == "Started":
        meter = energy_in(payload, BEGIN, PERIODIC)
        return Said(connector_of(payload), at, meter_start=meter, started_by=token)
    return Said(connector_of(payload), started_by=token)


def _transaction_in(payload: Payload) -> str:
    said = payload.get("transactionInfo", payload).get("transactionId")
    return "" if said is None else str(said)
