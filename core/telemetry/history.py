"""Frames as they came, whether they are compacted or not."""

from collections.abc import AsyncIterator
from typing import Final

from attrs import frozen
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.telemetry import chunks, names
from core.telemetry.chunk_format import PackedFrame
from core.telemetry.chunks import SPAN, span_of
from core.telemetry.tables import frame_chunks, frames

PAGE: Final = 1000
SPANS: Final = 24
_FIRST: Final = (-(1 << 63), -(1 << 63))
_LAST: Final = (1 << 63) - 1

Cursor = tuple[int, int, int]
"""(device time, boot id, sequence): frames of a channel are read in this order."""


@frozen
class Frame:
    """A stored frame: the device's bytes as they came, and what names it."""

    slot: str
    channel: str
    boot_id: int
    sequence: int
    device_time: int
    receive_time: int
    product_version: str
    plugin: str
    body: bytes


async def frames_between(  # noqa: PLR0917  a channel has three names, a range two ends
    connection: AsyncConnection, system_id: int, slot: str, channel: str, start: int, end: int
) -> AsyncIterator[Frame]:
    """The frames of a channel with `start` <= device time < `end`, each once, in order of time.

    Frames are read as they are wanted, some spans or PAGE of them at a time. What is compacted
    meanwhile is not missed: frames are looked for before chunks, and go only from there to here.
    """
    decoders: dict[int, tuple[str, str]] = {}
    async for found in pages_between(connection, system_id, slot, channel, start, end):
        if any(frame.decoder_id not in decoders for frame in found):
            decoders = await names.decoders_by_id(connection)
        for frame in found:
            yield named(slot, channel, frame, decoders[frame.decoder_id])


async def pages_between(  # noqa: PLR0917  a channel has three names, a range two ends
    connection: AsyncConnection, system_id: int, slot: str, channel: str, start: int, end: int
) -> AsyncIterator[list[PackedFrame]]:
    """The same frames as the tables keep them, some at a time."""
    channel_id = await names.channel_id(connection, slot, channel)
    if channel_id is None:
        return
    reader = _Reader(connection, system_id, channel_id)
    cursor, over = (start, *_FIRST), (end, *_FIRST)
    while cursor < over:
        found, cursor = await reader.page(cursor, over)
        yield found


async def frame_at(
    connection: AsyncConnection, system_id: int, slot: str, channel: str, identity: Cursor
) -> Frame | None:
    """The frame of this device time, boot id and sequence (as the tables keep it)."""
    channel_id = await names.channel_id(connection, slot, channel)
    if channel_id is None:
        return None
    reader = _Reader(connection, system_id, channel_id)
    found, _ = await reader.page(identity, _behind(identity))
    if not found:
        return None
    decoders = await names.decoders_by_id(connection)
    return named(slot, channel, found[0], decoders[found[0].decoder_id])


def wrapped(sequence: int) -> int:
    """A u64 sequence as the signed number that the tables keep."""
    return sequence - (1 << 64) if sequence >> 63 else sequence


def unwrapped(sequence: int) -> int:
    """The inverse of `wrapped`."""
    return sequence + (1 << 64) if sequence < 0 else sequence


@frozen(eq=False)
class _Reader:
    connection: AsyncConnection
    system_id: int
    channel_id: int

    async def page(self, cursor: Cursor, over: Cursor) -> tuple[list[PackedFrame], Cursor]:
        """Frames from `cursor` on, and where the next page begins: `over` if there is none."""
        hot = await self._hot(cursor, over)
        upto = _behind(hot[-1].identity) if len(hot) == PAGE else over
        spans = await self._spans(cursor, upto)
        if len(spans) == SPANS:
            upto = min(upto, (spans[-1] + SPAN, *_FIRST))
        compacted = await chunks.read(self.connection, self.system_id, self.channel_id, spans)
        found = {f.identity: f for f in [*hot, *compacted] if cursor <= f.identity < upto}
        return [found[identity] for identity in sorted(found)], upto

    async def _hot(self, cursor: Cursor, over: Cursor) -> list[PackedFrame]:
        c = frames.c
        identity = tuple_(c.device_time, c.boot_id, c.sequence)
        query = (
            select(c.device_time, c.boot_id, c.sequence, c.receive_time, c.decoder_id, c.body)
            .where(c.system_id == self.system_id, c.channel_id == self.channel_id)
            .where(c.device_time >= cursor[0], c.device_time <= over[0])
            .where(identity >= tuple_(*cursor), identity < tuple_(*over))
            .order_by(c.device_time, c.boot_id, c.sequence)
            .limit(PAGE)
        )
        return [PackedFrame(*row) for row in await self.connection.execute(query)]

    async def _spans(self, cursor: Cursor, upto: Cursor) -> list[int]:
        c = frame_chunks.c
        last = upto[0] - (upto[1:] == _FIRST)
        query = (
            select(c.span)
            .where(c.system_id == self.system_id, c.channel_id == self.channel_id)
            .where(c.span >= span_of(cursor[0]), c.span <= last)
            .group_by(c.span)
            .order_by(c.span)
            .limit(SPANS)
        )
        return list(await self.connection.scalars(query))


def _behind(identity: Cursor) -> Cursor:
    time, boot_id, sequence = identity
    return (time, boot_id, sequence + 1) if sequence < _LAST else (time, boot_id + 1, _FIRST[1])


def named(slot: str, channel: str, packed: PackedFrame, decoder: tuple[str, str]) -> Frame:
    """A frame as it is read, of one as it is kept; `decoder` is (product version, plugin)."""
    return Frame(
        slot,
        channel,
        packed.boot_id,
        unwrapped(packed.sequence),
        packed.device_time,
        packed.receive_time,
        *decoder,
        packed.body,
    )
