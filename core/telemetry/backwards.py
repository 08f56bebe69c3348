"""Frames as they came, newest first: what was said last before a moment lies close to it."""

from collections.abc import AsyncIterator
from typing import Final

from attrs import frozen
from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.telemetry import chunks, names
from core.telemetry.chunk_format import PackedFrame, unpress_identities
from core.telemetry.chunks import SPAN, span_of
from core.telemetry.history import PAGE, Cursor, Frame, named
from core.telemetry.tables import channel_names, frame_chunks, frames

EARLIEST: Final = -(1 << 63)
_FIRST: Final = (EARLIEST, EARLIEST)
GROWTH: Final = 8
"""A page has so many times the frames of the one before it; the first has one."""


async def frames_backwards(  # noqa: PLR0917  a channel has three names, a range two ends
    connection: AsyncConnection,
    system_id: int,
    slot: str,
    channel: str,
    until: int,
    since: int = EARLIEST,
) -> AsyncIterator[Frame]:
    """The frames of a channel with `since` <= device time <= `until`, each once, newest first.

    Who stops early has read little: pages begin with one frame and grow, and of what is compacted
    one span is read at a time. What is compacted meanwhile is not missed, as in `frames_between`.
    """
    channel_id = await names.channel_id(connection, slot, channel)
    if channel_id is None:
        return
    reader = _Reader(connection, system_id, channel_id)
    decoders = await names.decoders_by_id(connection)
    cursor, floor, size = (until + 1, *_FIRST), (since, *_FIRST), 1
    while cursor > floor:
        found, cursor = await reader.page(cursor, floor, size)
        size = min(size * GROWTH, PAGE)
        if any(frame.decoder_id not in decoders for frame in found):
            decoders = await names.decoders_by_id(connection)
        for frame in found:
            yield named(slot, channel, frame, decoders[frame.decoder_id])


async def first_of(connection: AsyncConnection, system_id: int) -> int | None:
    """The device time of the first frame of a system that is kept; None where there is none."""
    h, c, channel = frames.c, frame_chunks.c, channel_names.c.id
    hot = select(func.min(h.device_time)).where(h.system_id == system_id, h.channel_id == channel)
    found = select(hot.scalar_subquery().label("first")).select_from(channel_names).subquery()
    first = await connection.scalar(select(func.min(found.c.first)))
    mine = c.system_id == system_id
    span = select(func.min(c.span)).where(mine, c.channel_id == channel)
    spans = select(span.scalar_subquery().label("first")).select_from(channel_names).subquery()
    oldest = select(func.min(spans.c.first)).scalar_subquery()
    blocks = await connection.scalars(select(c.identities).where(mine, c.span == oldest))
    times = [unpress_identities(block)[0][0] for block in blocks]
    return min(times if first is None else [*times, first], default=None)


@frozen(eq=False)
class _Reader:
    connection: AsyncConnection
    system_id: int
    channel_id: int

    async def page(
        self, cursor: Cursor, floor: Cursor, size: int
    ) -> tuple[list[PackedFrame], Cursor]:
        """Frames before `cursor`, newest first, and before what the next page is: or `floor`."""
        hot = await self._hot(cursor, floor, size)
        down = hot[-1].identity if len(hot) == size else floor
        span = await self._newest_span(cursor, floor)
        if span is None or (span + SPAN, *_FIRST) <= down:
            return hot, down
        down = max(floor, (span, *_FIRST))
        hot = await self._hot(cursor, down, None)
        compacted = await chunks.read(self.connection, self.system_id, self.channel_id, [span])
        found = {f.identity: f for f in [*hot, *compacted] if down <= f.identity < cursor}
        return [found[identity] for identity in sorted(found, reverse=True)], down

    async def _hot(self, cursor: Cursor, floor: Cursor, size: int | None) -> list[PackedFrame]:
        c = frames.c
        identity = tuple_(c.device_time, c.boot_id, c.sequence)
        query = (
            select(c.device_time, c.boot_id, c.sequence, c.receive_time, c.decoder_id, c.body)
            .where(c.system_id == self.system_id, c.channel_id == self.channel_id)
            .where(c.device_time >= floor[0], c.device_time <= cursor[0])
            .where(identity >= tuple_(*floor), identity < tuple_(*cursor))
            .order_by(c.device_time.desc(), c.boot_id.desc(), c.sequence.desc())
            .limit(size)
        )
        return [PackedFrame(*row) for row in await self.connection.execute(query)]

    async def _newest_span(self, cursor: Cursor, floor: Cursor) -> int | None:
        c = frame_chunks.c
        last = cursor[0] - (cursor[1:] == _FIRST)
        query = (
            select(c.span)
            .where(c.system_id == self.system_id, c.channel_id == self.channel_id)
            .where(c.span >= span_of(floor[0]), c.span <= last)
            .order_by(c.span.desc())
            .limit(1)
        )
        return await self.connection.scalar(query)
