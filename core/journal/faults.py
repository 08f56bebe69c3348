"""Faults as they come and go."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from attrs import astuple, fields, frozen
from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.journal.tables import faults
from core.records import Row, insert_new


@frozen
class FaultRecord:
    """One time that a fault was present. Times are UTC milliseconds by the device's clock."""

    id: int
    system_id: int
    slot: str
    code: str
    severity: str
    opened_at: int
    closed_at: int | None


@frozen
class Opened:
    """A frame says that a fault is present which the one before did not."""

    system_id: int
    slot: str
    code: str
    severity: str
    opened_at: int


@frozen
class Closed:
    """A frame says that a fault is gone which the one before said was present."""

    system_id: int
    slot: str
    code: str
    closed_at: int


async def open_of(connection: AsyncConnection, system_id: int) -> list[FaultRecord]:
    """The faults that are present now, newest first."""
    return await _found(connection, system_id, faults.c.closed_at.is_(None))


async def history(
    connection: AsyncConnection, system_id: int, *, before: int | None = None, limit: int = 50
) -> list[FaultRecord]:
    """Faults present and past, newest first, those with an id below `before`."""
    conditions = () if before is None else (faults.c.id < before,)
    return await _found(connection, system_id, *conditions, limit=limit)


async def present_in(
    connection: AsyncConnection, system_id: int, begin: int, end: int, *, limit: int = 200
) -> list[FaultRecord]:
    """Faults that were present at any time from `begin` to before `end`, newest first."""
    lasting = or_(faults.c.closed_at.is_(None), faults.c.closed_at > begin)
    return await _found(connection, system_id, faults.c.opened_at < end, lasting, limit=limit)


async def times_of(
    connection: AsyncConnection, system_id: int, codes: Iterable[str]
) -> dict[tuple[str, str], int]:
    """How often a system had faults of these codes, those present included, by slot and code."""
    wanted = set(codes)
    if not wanted:
        return {}
    query = (
        select(faults.c.slot, faults.c.code, func.count())
        .where(faults.c.system_id == system_id, faults.c.code.in_(wanted))
        .group_by(faults.c.slot, faults.c.code)
    )
    return {(slot, code): times for slot, code, times in await connection.execute(query)}


async def note(connection: AsyncConnection, changes: Iterable[Opened | Closed]) -> None:
    """Open and close faults, in order."""
    for kind, run in groupby(changes, type):
        rows = [astuple(change) for change in run]
        if kind is Opened:
            await insert_new(connection, faults, _OPENED, rows)
        else:
            await _close(connection, rows)


async def _close(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    keys = [faults.c[name] == bindparam(f"of_{name}") for name in ("system_id", "slot", "code")]
    names = ("of_system_id", "of_slot", "of_code", "at")
    await connection.execute(
        update(faults).where(*keys, faults.c.closed_at.is_(None)).values(closed_at=bindparam("at")),
        [dict(zip(names, row, strict=True)) for row in rows],
    )


async def _found(
    connection: AsyncConnection, system_id: int, *conditions: Any, limit: int | None = None
) -> list[FaultRecord]:
    query = select(faults).where(faults.c.system_id == system_id, *conditions)
    found = await connection.execute(query.order_by(faults.c.id.desc()).limit(limit))
    return [FaultRecord(*row) for row in found]


_OPENED: Final = tuple(attribute.name for attribute in fields(Opened))
