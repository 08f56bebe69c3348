"""Finds the faults that rules are about, by a cursor over their numbers.

On PostgreSQL a number may be seen before a lower one, whose transaction ends later: so the cursor
stays behind, by longer than a transaction of ingest lasts, and what lies between is looked at
again. A match is kept once, so that looking again does no harm.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from attrs import frozen
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.tables import systems
from core.journal.tables import faults
from core.notifications import rules
from core.notifications.rules import Rule
from core.notifications.tables import matches, progress
from core.records import insert_new

GRACE: Final = 60_000
"""Milliseconds for which the cursor stays behind on PostgreSQL."""
BATCH: Final = 500
"""Faults in a transaction: on SQLite ingest waits for it."""
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


async def lock(connection: AsyncConnection, now: int) -> Place | None:
    """How far faults were looked at, for this transaction alone; None where another is at it."""
    place = await _place(connection, lock=True)
    return await _begin(connection, now) if place is None else place


async def take_in(
    connection: AsyncConnection, known: Sequence[Rule], after: int, seen: AbstractSet[int], now: int
) -> Sequence[int]:
    """Match the next faults behind a number with rules; returns the numbers of what was there.

    seen: those of them that were matched before.
    """
    rows = await _after(connection, after)
    await _match(connection, known, [row for row in rows if row.id not in seen], now)
    return [row.id for row in rows]


async def _place(connection: AsyncConnection, *, lock: bool = False) -> Place | None:
    query = select(progress.c.fault_id, progress.c.ahead_id, progress.c.ahead_at)
    if lock:
        query = query.with_for_update(skip_locked=True)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Place(*row)


async def _begin(connection: AsyncConnection, now: int) -> Place | None:
    """Faults that are there before the first look are nobody's news."""
    newest = await rules.newest_fault(connection)
    row = (1, newest, newest, now)
    columns = ("id", "fault_id", "ahead_id", "ahead_at")
    return Place(*row[1:]) if await insert_new(connection, progress, columns, [row]) else None


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
) -> None:
    """Keep what is open and somebody wants to hear of."""
    wanted = [
        (rule.id, fault.id, "waiting", min(fault.opened_at, now) + rule.reminder.delay * MINUTE)
        for fault in rows
        if fault.closed_at is None
        for rule in known
        if fault.id > rule.after_fault and rule.reminder.is_about(fault)
    ]
    await insert_new(connection, matches, ("rule_id", "fault_id", "state", "due_at"), wanted)


async def advance(connection: AsyncConnection, place: Place, last: int, now: int) -> int:
    """Note that faults up to `last` were looked at; returns behind which the next look begins."""
    grace = GRACE if connection.dialect.name == "postgresql" else 0
    if grace == 0:
        place = Place(last, last, now)
    elif now - place.ahead_at >= grace:
        place = Place(place.ahead_id, last, now)
    else:
        return place.fault_id
    values = {"fault_id": place.fault_id, "ahead_id": place.ahead_id, "ahead_at": place.ahead_at}
    await connection.execute(update(progress).values(values))
    return place.fault_id


async def due_rules(connection: AsyncConnection, now: int) -> Sequence[int]:
    """The rules that have something to tell."""
    query = select(matches.c.rule_id).where(matches.c.state.in_(MADE), matches.c.due_at <= now)
    return (await connection.execute(query.distinct().order_by(matches.c.rule_id))).scalars().all()


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
