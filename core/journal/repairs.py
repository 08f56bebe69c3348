"""Repairs that people note by hand: what was done to a system, from when to when."""

from typing import Any, Final

from attrs import frozen
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.fleet import scope
from core.fleet.systems import SystemRecord
from core.journal.tables import repairs
from core.records import RequestError, printable
from core.thing_model.problems import Problem

AREA: Final = "logs"
LONGEST: Final = 2_000


@frozen
class Repair:
    """What was done; without an end it goes on. `slot` is empty for the system as a whole."""

    started_at: int
    remark: str
    ended_at: int | None = None
    slot: str = ""


async def note(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    repair: Repair,
    *,
    now: int,
    address: str = "",
) -> int:
    """Note a repair; needs `logs:edit`. Returns its id, raises RequestError."""
    access.require("logs:edit")
    system = await _seen(connection, access, sn)
    if problems := _problems(repair, now):
        raise RequestError(*problems)
    values: dict[str, Any] = {
        "slot": repair.slot,
        "started_at": repair.started_at,
        "ended_at": repair.ended_at,
        "remark": printable(repair.remark.strip()),
    }
    row = {**values, "system_id": system.id, "noted_at": now, "noted_by": access.name}
    made = await connection.execute(insert(repairs).values(row).returning(repairs.c.id))
    await entries.record(
        connection, access, AREA, "create", sn, new=values, now=now, address=address
    )
    return int(made.scalar_one())


async def finish(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    repair_id: int,
    *,
    now: int,
    address: str = "",
) -> None:
    """End one that goes on; needs `logs:edit`. Raises RequestError where none does."""
    access.require("logs:edit")
    system = await _seen(connection, access, sn)
    query = select(repairs).where(repairs.c.id == repair_id, repairs.c.system_id == system.id)
    row = (await connection.execute(query.with_for_update())).one_or_none()
    if row is None or row.ended_at is not None:
        raise RequestError(Problem("repair", "does not go on", "look at the log again"))
    ended = max(now, row.started_at)
    await connection.execute(
        update(repairs).where(repairs.c.id == repair_id).values(ended_at=ended)
    )
    await entries.record(
        connection,
        access,
        AREA,
        "edit",
        sn,
        old={"ended_at": None},
        new={"ended_at": ended},
        now=now,
        address=address,
    )


async def _seen(connection: AsyncConnection, access: Access, sn: str) -> SystemRecord:
    system = await scope.by_sn(connection, access, sn)
    if system is None:
        raise RequestError(Problem("sn", f"no system has {sn}", "look at the list of systems"))
    return system


def _problems(repair: Repair, now: int) -> list[Problem]:
    found: list[Problem] = []
    if not repair.remark.strip():
        found.append(Problem("remark", "is empty", "say what was done"))
    if len(repair.remark) > LONGEST:
        found.append(Problem("remark", f"is longer than {LONGEST} characters", "shorten it"))
    if repair.started_at > now:
        found.append(Problem("started", "has yet to come", "note what was begun"))
    if repair.ended_at is not None and repair.ended_at < repair.started_at:
        found.append(Problem("ended", "is before its start", "leave it empty while it goes on"))
    return found
