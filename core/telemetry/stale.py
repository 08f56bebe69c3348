"""Which days are to be made again: UTC days of systems whose roll-ups changed.

Ingest only bumps a mark, when it opens a bucket or folds one again; `core.telemetry.days` does the
work later. A day is due when its mark is a bucket old: what was opened then is whole by now.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import and_, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.records import write
from core.telemetry.fold import BUCKET
from core.telemetry.periods import DAY
from core.telemetry.tables import stale_days

StaleDay = tuple[int, int]
"""System id, and a UTC day since 1970."""
Marks = Mapping[StaleDay, int]
"""How often each was marked."""


def stale_day(system_id: int, bucket: int) -> StaleDay:
    """The day in which a bucket lies."""
    return system_id, bucket // DAY


async def mark(connection: AsyncConnection, touched: Iterable[StaleDay], now: int) -> None:
    """Have these made again."""
    rows = [(*each, 1, now) for each in sorted(touched)]
    await write(connection, stale_days, _COLUMNS, rows, _BUMP)


async def due_systems(connection: AsyncConnection, now: int, limit: int) -> list[int]:
    """Systems with days that are due, those that waited longest first."""
    query = select(stale_days.c.system_id).where(stale_days.c.marked_at <= now - BUCKET)
    query = query.order_by(stale_days.c.marked_at).limit(limit)
    return list(dict.fromkeys((await connection.execute(query)).scalars()))


async def marks_of(connection: AsyncConnection, system_id: int, now: int, limit: int) -> Marks:
    """What is due of a system, oldest first."""
    query = select(stale_days.c.utc_day, stale_days.c.mark)
    query = query.where(stale_days.c.system_id == system_id, stale_days.c.marked_at <= now - BUCKET)
    found = await connection.execute(query.order_by(stale_days.c.marked_at).limit(limit))
    return {(system_id, utc_day): number for utc_day, number in found}


async def clear(connection: AsyncConnection, done: Marks) -> None:
    """Forget marks that nobody bumped meanwhile; one that is being bumped stays."""
    for (system_id, utc_day), number in sorted(done.items()):
        same = and_(
            stale_days.c.system_id == system_id,
            stale_days.c.utc_day == utc_day,
            stale_days.c.mark == number,
        )
        free = select(stale_days.c.utc_day).where(same).with_for_update(skip_locked=True)
        await connection.execute(delete(stale_days).where(same, stale_days.c.utc_day.in_(free)))


async def postpone(connection: AsyncConnection, system_ids: Sequence[int], now: int) -> None:
    """Let these wait again, whose product model is not loaded."""
    if system_ids:
        await connection.execute(
            update(stale_days)
            .where(stale_days.c.system_id == bindparam("system"))
            .values(marked_at=now),
            [{"system": id_} for id_ in system_ids],
        )


_COLUMNS: Final = ("system_id", "utc_day", "mark", "marked_at")
_BUMP: Final = "ON CONFLICT (system_id, utc_day) DO UPDATE SET mark = stale_days.mark + 1"
