"""Commands handed to chargers: each is claimed once, and its answer kept for a repetition."""

from typing import Final

from attrs import frozen
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.charging.tables import charger_calls
from core.records import insert_new, printable


@frozen
class Answer:
    """What became of a command; the status is empty where nobody knows."""

    status: str
    detail: str


async def claim(connection: AsyncConnection, command_id: str, sn: str, now: int) -> Answer | None:
    """None for whoever claims the command first; what is known of it for everybody later."""
    row = (command_id, sn, now, "", "")
    if await insert_new(connection, charger_calls, _COLUMNS, [row]):
        return None
    query = select(charger_calls.c.status, charger_calls.c.detail)
    found = (await connection.execute(query.where(charger_calls.c.id == command_id))).one()
    return Answer(*found)


async def answer(connection: AsyncConnection, command_id: str, given: Answer) -> None:
    """Keep the answer of a claimed command."""
    values = {"status": given.status, "detail": printable(given.detail)}
    where = charger_calls.c.id == command_id
    await connection.execute(update(charger_calls).where(where).values(values))


_COLUMNS: Final = ("id", "sn", "at", "status", "detail")
