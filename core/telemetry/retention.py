"""Frames that are older than they are to be kept: deleted for good, where that is asked for.

Old is what has an old device time, and where the device's clock was never set, what was received
long ago.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, delete, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.telemetry import chunks
from core.telemetry.fold import UNSET_CLOCK
from core.telemetry.partitions import DAY, day_of, days, drop
from core.telemetry.tables import frame_chunks, frames

STEP: Final = 2000


def limit(now: int, retention_days: int) -> int:
    """What is older than that is deleted; whole days."""
    return day_of(now - retention_days * DAY)


async def drop_days(connection: AsyncConnection, before: int) -> int:
    """Drop the partitions of days before that; returns how many."""
    await chunks.guard(connection, alone=True)
    old = [day for day in await days(connection) if day < before]
    for day in old:
        await drop(connection, day)
    return len(old)


async def step(connection: AsyncConnection, before: int, size: int = STEP) -> int:
    """Delete about `size` rows of frames or chunks; returns how many, 0 at the end."""
    await chunks.guard(connection, alone=True)
    f, c = frames.c, frame_chunks.c
    hot = _old(f.device_time, f.receive_time, before)
    deleted = await _delete(connection, frames, hot, size)
    if deleted < size:
        pressed = _old(c.span, c.received_until, before)
        deleted += await _delete(connection, frame_chunks, pressed, size - deleted)
    return deleted


def _old(said: ColumnElement[Any], received: ColumnElement[Any], before: int) -> Any:
    return and_(said < before, or_(said >= UNSET_CLOCK, received < before))


async def _delete(connection: AsyncConnection, table: Table, old: Any, size: int) -> int:
    key = list(table.primary_key.columns)
    first = select(*key).where(old).order_by(*key).limit(size)
    return (await connection.execute(delete(table).where(tuple_(*key).in_(first)))).rowcount
