"""Finds the faults that rules are about, by a cursor over their numbers.

On PostgreSQL a number may be seen before a lower one, whose transaction ends later: so the cursor
stays behind, by longer than a transaction of ingest lasts, and what lies between is looked at
again. A match is kept once, so that looking again does no harm.
"""

from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.tables import systems
from core.journal.tables import faults
from core.notifications import rules
from core.notifications.rules import Rule
from core.notifications.tables import matches, progress

GRACE: Final = 60_000
"""Milliseconds for which the cursor stays behind on PostgreSQL."""
BATCH: Final = 2_000
MINUTE: Final = 60_000
MADE: Final = ("waiting", "closing")
"""States in which a match waits to be told of."""


@frozen
class Place:
    """How far faults were looked at."""

    fault_id: int
    ahead_id: int
    ahead_at: int


async def is_due(connection: AsyncConnection, now: int) -> bool:
    """Whether there is anything to look at, or to tell."""
    place = await _place(connection)
    if place is None:
        return True
    newer = select(faults.c.id).where(faults.c.id > place.fault_id).limit(1)
    if (await connection.execute(newer)).first() is not None:
        return True
    waiting = select(matches.c.id).where(matches.c.state.in_(MADE), matches.c.due_at <= now)
    closed = matches.join(faults, faults.c.id == matches.c.fault_id)
    told = select(matches.c.id).select_from(closed).where(matches.c.state == "told", _CLOSED)
    for query in (waiting, told):
        if (await connection.execute(query.limit(1))).first() is not None:
            return True
    return False


async def take_in(connection: AsyncConnection, known: Sequence[Rule], now: int) -> int | None:
    """Match new faults with rules; returns how many did, None where another worker is at it."""
    place = await _place(connection, lock=True)
    if place is None:
        return await _begin(connection, now)
    found, last = 0, place.fault_id
    while rows := await _after(connection, last):
        found += await _match(connection, known, rows, now)
        last = rows[-1].id
        if len(rows) < BATCH:
            break
    await _advance(connection, place, last, now)
    return found


async def _place(connection: AsyncConnection, *, lock: bool = False) -> Place | None:
    query = select(progress.c.fault_id, progress.c.ahead_id, progress.c.ahead_at)
    if lock:
        query = query.with_for_update(skip_locked=True)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Place(*row)


async def _begin(connection: AsyncConnection, now: int) -> int | None:
    """Faults that are there before the first look are nobody's news."""
    newest = await rules.newest_fault(connection)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {"id": 1, "fault_id": newest, "ahead_id": newest, "ahead_at": now}
    made = dialect.insert(progress).on_conflict_do_nothing().returning(progress.c.id)
    return None if (await connection.execute(made, row)).first() is None else 0


async def _after(connection: AsyncConnection, fault_id: int) -> Sequence[Any]:
    query = (
        select(
            *(faults.c[name] for name in ("id", "severity", "code", "opened_at", "closed_at")),
            *(systems.c[name] for name in ("company_id", "product_id", "country")),
        )
        .join(systems, systems.c.id == faults.c.system_id)
        .where(faults.c.id > fault_id)
        .order_by(faults.c.id)
        .limit(BATCH)
    )
    return (await connection.execute(query)).all()


async def _match(
    connection: AsyncConnection, known: Sequence[Rule], rows: Sequence[Any], now: int
) -> int:
    """Keep what is open and somebody wants to hear of."""
    wanted = [
        {
            "rule_id": rule.id,
            "fault_id": fault.id,
            "state": "waiting",
            "due_at": min(fault.opened_at, now) + rule.reminder.delay * MINUTE,
        }
        for fault in rows
        if fault.closed_at is None
        for rule in known
        if fault.id > rule.after_fault and rule.reminder.is_about(fault)
    ]
    if not wanted:
        return 0
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    kept = dialect.insert(matches).on_conflict_do_nothing().returning(matches.c.id)
    return len((await connection.execute(kept, wanted)).all())


async def _advance(connection: AsyncConnection, place: Place, last: int, now: int) -> None:
    grace = GRACE if connection.dialect.name == "postgresql" else 0
    if grace == 0:
        place = Place(last, last, now)
    elif now - place.ahead_at >= grace:
        place = Place(place.ahead_id, last, now)
    else:
        return
    values = {"fault_id": place.fault_id, "ahead_id": place.ahead_id, "ahead_at": place.ahead_at}
    await connection.execute(update(progress).values(values))


async def settle(connection: AsyncConnection, now: int) -> None:
    """What closed before anybody was told is over; what was told of and closed can be told.

    A match that is over is forgotten once its fault is not looked at again.
    """
    closed = select(faults.c.id).where(faults.c.id == matches.c.fault_id, _CLOSED).exists()
    over = (matches.c.state == "waiting", matches.c.due_at <= now, closed)
    await connection.execute(update(matches).where(*over).values(state="done"))
    gone = (matches.c.state == "told", closed)
    await connection.execute(update(matches).where(*gone).values(state="closing", due_at=now))
    passed = select(progress.c.fault_id).scalar_subquery()
    forgotten = delete(matches).where(matches.c.state == "done", matches.c.fault_id <= passed)
    await connection.execute(forgotten)


_CLOSED: Final = faults.c.closed_at.is_not(None)
