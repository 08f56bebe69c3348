"""Charging records: one for each transaction, whatever comes twice, late or in the wrong order."""

from collections.abc import Iterable
from typing import Any, Final

from attrs import fields, frozen
from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.charging.tables import charging_records
from core.records import insert_new, printable

OWN_ID: Final = "T:"
"""Begins the identity of a transaction that the charger has given an id itself."""


@frozen
class ChargingRecord:
    """A transaction. Times are UTC milliseconds by the charger's clock, meters in Wh.

    What the charger did not say is None or empty; it is still open while it has not ended.
    """

    id: int
    sn: str
    identity: str
    connector: int
    started_at: int | None
    ended_at: int | None
    meter_start: int | None
    meter_stop: int | None
    started_by: str
    stopped_by: str
    reason: str
    noted_at: int

    @property
    def transaction(self) -> str:
        """The id by which the charger knows it."""
        own = self.identity.startswith(OWN_ID)
        return self.identity.removeprefix(OWN_ID) if own else str(self.id)

    @property
    def energy(self) -> int | None:
        """What was charged, in Wh; None while that is not known."""
        if self.meter_start is None or self.meter_stop is None:
            return None
        return self.meter_stop - self.meter_start


@frozen
class Said:
    """What one message says of a transaction; None and empty texts are not said."""

    connector: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    meter_start: int | None = None
    meter_stop: int | None = None
    started_by: str = ""
    stopped_by: str = ""
    reason: str = ""


def started_identity(connector: int, at: int | None, meter: int, token: str) -> str:
    """What tells a start of OCPP 1.6 from others of the charger, and not from its repetition."""
    return f"{connector} {at} {meter} {token}"


async def note(
    connection: AsyncConnection, sn: str, identity: str, said: Said, now: int
) -> ChargingRecord:
    """Add what a message says to the record of this identity, which is made if need be."""
    identity = printable(identity)
    row = (sn, identity, said.connector or 0, "", "", "", now)
    await insert_new(connection, charging_records, _NEW, [row])
    found = charging_records.c.sn == sn, charging_records.c.identity == identity
    if changes := _changes(said):
        await connection.execute(update(charging_records).where(*found).values(changes))
    return _record((await connection.execute(select(charging_records).where(*found))).one())


async def note_end(
    connection: AsyncConnection, sn: str, number: int, said: Said, now: int
) -> ChargingRecord:
    """Add the end of transaction `number` of OCPP 1.6; one that nobody knows gets a record too."""
    found = charging_records.c.sn == sn, charging_records.c.id == number
    row = (await connection.execute(select(charging_records).where(*found))).one_or_none()
    if row is None:
        return await note(connection, sn, f"end of {number} {said.ended_at}", said, now)
    return await note(connection, sn, row.identity, said, now)


async def open_of(connection: AsyncConnection, sn: str, connector: int) -> ChargingRecord | None:
    """The newest transaction of a connector, if it has not ended."""
    query = select(charging_records).where(
        charging_records.c.sn == sn, charging_records.c.connector == connector
    )
    row = (await connection.execute(_newest(query).limit(1))).one_or_none()
    return _record(row) if row is not None and row.ended_at is None else None


async def page(
    connection: AsyncConnection,
    access: Access,
    *,
    sns: Iterable[str] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[ChargingRecord]:
    """Records newest first, those with an id below `before`, of some chargers or of all."""
    access.require("charging:read")
    query = select(charging_records)
    if sns is not None:
        query = query.where(charging_records.c.sn.in_(list(sns)))
    if before is not None:
        query = query.where(charging_records.c.id < before)
    return [_record(row) for row in await connection.execute(_newest(query).limit(limit))]


def _newest(query: Select[Any]) -> Select[Any]:
    return query.order_by(charging_records.c.id.desc())


def _changes(said: Said) -> dict[str, Any]:
    given = {attribute.name: getattr(said, attribute.name) for attribute in fields(Said)}
    return {
        name: printable(value) if isinstance(value, str) else value
        for name, value in given.items()
        if value not in (None, "")
    }


def _record(row: Any) -> ChargingRecord:
    return ChargingRecord(*row)


_NEW: Final = ("sn", "identity", "connector", "started_by", "stopped_by", "reason", "noted_at")
