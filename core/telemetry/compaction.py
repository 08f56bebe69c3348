"""Frames that are old enough go from `frames` into chunks: nothing is lost, much room is won.

A step is one transaction, so that a kill leaves it done or undone: it takes the first frames that
are left, in the order of the primary key, presses them and takes them out of `frames`. A day of
which all are compacted loses its partition. Whoever is killed begins again at what is left.
"""

from typing import Final

from attrs import define
from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.telemetry import chunks
from core.telemetry.chunk_format import PackedFrame
from core.telemetry.chunks import SETTLED, span_of
from core.telemetry.partitions import DAY, day_of
from core.telemetry.tables import frames

STEP: Final = 2000
"""Frames of one transaction."""

Position = tuple[int, int]
"""(system id, channel id): everything before it is compacted."""
BEGINNING: Final = (-(1 << 63), 0)
Row = tuple[int, int, PackedFrame]


@define
class Step:
    """What a step did: how many frames it took out, and where to go on, None at the end."""

    frames: int
    next: Position | None


def limit(now: int, hot_days: int) -> int:
    """Frames of device times before that are compacted; whole days."""
    return day_of(now - max(SETTLED + DAY, hot_days * DAY))


async def pending(connection: AsyncConnection, before: int) -> int:
    """How many frames wait to be compacted."""
    query = select(func.count()).select_from(frames).where(frames.c.device_time < before)
    return int((await connection.execute(query)).scalar_one())


async def step(
    connection: AsyncConnection, before: int, position: Position, size: int = STEP
) -> Step:
    """Compact about `size` frames of one or a few channels from `position` on."""
    await chunks.guard(connection, alone=True)
    rows = await _oldest(connection, before, position, size)
    if not rows:
        return Step(0, None)
    whole = _whole_spans(rows) if len(rows) == size else rows
    await chunks.add(connection, chunks.by_span(whole))
    await _take_out(connection, rows[0], whole[-1], before)
    return Step(len(whole), whole[-1][:2])


async def _oldest(
    connection: AsyncConnection, before: int, position: Position, size: int
) -> list[Row]:
    c = frames.c
    query = (
        select(
            c.system_id,
            c.channel_id,
            *(c.device_time, c.boot_id, c.sequence, c.receive_time, c.decoder_id, c.body),
        )
        .where(c.device_time < before, tuple_(c.system_id, c.channel_id) >= tuple_(*position))
        .order_by(c.system_id, c.channel_id, c.device_time, c.boot_id, c.sequence)
        .limit(size)
    )
    found = await connection.execute(query)
    return [(system, channel, PackedFrame(*frame)) for system, channel, *frame in found]


def _whole_spans(rows: list[Row]) -> list[Row]:
    """Without the last span, which may have been cut; all if there is no other."""
    last = rows[-1][0], rows[-1][1], span_of(rows[-1][2].device_time)
    whole = [row for row in rows if (row[0], row[1], span_of(row[2].device_time)) != last]
    return whole or rows


async def _take_out(connection: AsyncConnection, first: Row, last: Row, before: int) -> None:
    """Delete from the first to the last frame: they are all there are between, in key order."""
    c = frames.c
    key = (c.system_id, c.channel_id, c.device_time, c.boot_id, c.sequence)
    start, end = ((system, channel, *frame.identity) for system, channel, frame in (first, last))
    await connection.execute(
        delete(frames).where(
            c.device_time < before, tuple_(*key) >= tuple_(*start), tuple_(*key) <= tuple_(*end)
        )
    )
