"""Compacted frames: six hours of a channel in one row, or in few where there are many.

Frames go from `frames` into chunks and never back, in transactions that alone hold the `guard`.
What comes late for a span that is compacted stays in `frames` until it is compacted again; whether
it is there already is found out here before it is kept.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.telemetry.chunk_format import PackedFrame, press, unpress, unpress_identities
from core.telemetry.tables import frame_chunks

HOUR: Final = 3_600_000
SPAN: Final = 6 * HOUR
"""Milliseconds of device time that lie together: an hour would need half as much room again."""
SETTLED: Final = 24 * HOUR
"""Frames younger than that (by device time) are never compacted."""
LARGEST: Final = 4096
"""Frames of one part."""
GUARD: Final = 7_417_195_624
_EARLIEST: Final = -(1 << 63)

Identity = tuple[int, int, int, int, int]
"""(system id, channel id, device time, boot id, sequence)."""
Place = tuple[int, int, int]
"""(system id, channel id, span): what is compacted together."""


def span_of(device_time: int) -> int:
    """When the span began; the first one that the tables can hold began in its middle."""
    return max(device_time - device_time % SPAN, _EARLIEST)


async def guard(connection: AsyncConnection, *, alone: bool) -> None:
    """Until the end of the transaction nothing is compacted, or, if `alone`, only here.

    On SQLite a transaction that may write is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        function = "pg_advisory_xact_lock" + ("" if alone else "_shared")
        await connection.execute(text(f"SELECT {function}(:lock)"), {"lock": GUARD})


async def kept(
    connection: AsyncConnection, identities: Collection[Identity]
) -> dict[Identity, bytes]:
    """The bodies of those of these frames that are compacted; the caller holds the `guard`."""
    wanted: dict[Place, set[tuple[int, int, int]]] = {}
    for system, channel, *identity in identities:
        place = system, channel, span_of(identity[0])
        wanted.setdefault(place, set()).add((identity[0], identity[1], identity[2]))
    found: dict[Identity, bytes] = {}
    for place, part in await _containing(connection, wanted):
        for frame in await _part(connection, place, part):
            if frame.identity in wanted[place]:
                found[place[0], place[1], *frame.identity] = frame.body
    return found


async def _containing(
    connection: AsyncConnection, wanted: Mapping[Place, set[tuple[int, int, int]]]
) -> list[tuple[Place, int]]:
    """The parts that hold some of these frames, told without reading bodies."""
    c = frame_chunks.c
    query = select(c.system_id, c.channel_id, c.span, c.part, c.identities)
    where = tuple_(c.system_id, c.channel_id, c.span).in_(list(wanted))
    return [
        ((system, channel, span), part)
        for system, channel, span, part, block in await connection.execute(query.where(where))
        if not wanted[system, channel, span].isdisjoint(unpress_identities(block))
    ]


async def _part(connection: AsyncConnection, place: Place, part: int) -> list[PackedFrame]:
    query = select(frame_chunks.c.identities, frame_chunks.c.bodies)
    row = (await connection.execute(query.where(*_at(place), frame_chunks.c.part == part))).one()
    return unpress(row.identities, row.bodies)


async def read(
    connection: AsyncConnection, system_id: int, channel_id: int, spans: Iterable[int]
) -> list[PackedFrame]:
    """All frames of these spans that are compacted, in order."""
    c = frame_chunks.c
    query = select(c.identities, c.bodies).where(
        c.system_id == system_id, c.channel_id == channel_id, c.span.in_(list(spans))
    )
    found = [unpress(*row) for row in await connection.execute(query)]
    return sorted((frame for part in found for frame in part), key=lambda frame: frame.identity)


async def add(connection: AsyncConnection, fresh: Mapping[Place, Sequence[PackedFrame]]) -> None:
    """Keep these frames, none of which is compacted yet; the caller is alone with the `guard`.

    The last part of a span is filled up before another one is begun.
    """
    last = await _last_parts(connection, fresh)
    rows: list[dict[str, Any]] = []
    for place, frames in fresh.items():
        part, count = last.get(place, (0, 0))
        whole = list(frames)
        if 0 < count < LARGEST:
            whole += await _part(connection, place, part)
            await connection.execute(
                delete(frame_chunks).where(*_at(place), frame_chunks.c.part == part)
            )
        elif count:
            part += 1
        whole.sort(key=lambda frame: frame.identity)
        starts = range(0, len(whole), LARGEST)
        rows += (_row(place, part + n, whole[s : s + LARGEST]) for n, s in enumerate(starts))
    if rows:
        await connection.execute(insert(frame_chunks), rows)


async def _last_parts(
    connection: AsyncConnection, places: Iterable[Place]
) -> dict[Place, tuple[int, int]]:
    """The number of the last part of each span, and how many frames it has."""
    c = frame_chunks.c
    query = select(c.system_id, c.channel_id, c.span, c.part, c.count).where(
        tuple_(c.system_id, c.channel_id, c.span).in_(list(places))
    )
    found = await connection.execute(query.order_by(c.part))
    return {(system, channel, span): (part, count) for system, channel, span, part, count in found}


def by_span(
    rows: Iterable[tuple[int, int, PackedFrame]],
) -> dict[Place, list[PackedFrame]]:
    """Frames with their system and channel, in order of these and of time, by place."""
    grouped = groupby(rows, key=lambda row: (row[0], row[1], span_of(row[2].device_time)))
    return {place: [frame for *_, frame in each] for place, each in grouped}


async def totals(connection: AsyncConnection) -> tuple[int, int, int]:
    """How many chunks there are, of how many frames, and the bytes of both blocks together."""
    c = frame_chunks.c
    size = func.sum(func.length(c.identities) + func.length(c.bodies))
    query = select(func.count(), func.sum(c.count), size)
    chunks, frames, octets = (await connection.execute(query)).one()
    return chunks, int(frames or 0), int(octets or 0)


def _at(place: Place) -> tuple[Any, ...]:
    names = (frame_chunks.c.system_id, frame_chunks.c.channel_id, frame_chunks.c.span)
    return tuple(name == value for name, value in zip(names, place, strict=True))


def _row(place: Place, part: int, frames: Sequence[PackedFrame]) -> dict[str, Any]:
    identities, bodies = press(frames)
    return {
        "system_id": place[0],
        "channel_id": place[1],
        "span": place[2],
        "part": part,
        "count": len(frames),
        "received_until": max(frame.receive_time for frame in frames),
        "identities": identities,
        "bodies": bodies,
    }
