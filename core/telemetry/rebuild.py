"""Roll-ups made anew from the stored frames, after a decoder or a declaration was repaired."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.registry import Channel, System
from core.telemetry import latest
from core.telemetry.fold import BUCKET, bucket_of, plan_of
from core.telemetry.frames import Key
from core.telemetry.history import frames_between
from core.telemetry.periods import Span
from core.telemetry.rollups import Rolling
from core.telemetry.tables import rollups


def channels_of(system_id: int, system: System) -> Iterable[tuple[Key, Channel]]:
    """The channels of a system that are rolled up."""
    for slot, part in system.parts.items():
        for name, channel in part.channels.items():
            if plan_of(channel).entries:
                yield (system_id, slot, name), channel


async def rebuild(connection: AsyncConnection, key: Key, channel: Channel, span: Span) -> int:
    """Fold again the buckets of a channel that begin in a span, and those that follow from them.

    Returns how many lie in the span. The newest frame's readings are decoded again if it is there.
    """
    states = await latest.states_of(connection, [key])
    rolling = Rolling({at: each.rolling for at, each in states.items() if each.rolling})
    buckets = await _buckets(connection, key, (bucket_of(span[0]), bucket_of(span[1] - 1) + BUCKET))
    rolling.mark(key, channel, buckets)
    await rolling.settle(connection)
    await latest.keep(connection, rolling, states)
    return len(buckets)


async def _buckets(connection: AsyncConnection, key: Key, span: Span) -> set[int]:
    """The buckets that have frames, or a roll-up."""
    found = {bucket_of(f.device_time) async for f in frames_between(connection, *key, *span)}
    rolled = select(rollups.c.bucket).where(*_same(key, rollups.c.values()))
    rolled = rolled.where(rollups.c.bucket >= span[0], rollups.c.bucket < span[1])
    return found | set((await connection.execute(rolled)).scalars())


def _same(key: Key, columns: Iterable[Column[Any]]) -> list[ColumnElement[bool]]:
    named = {column.name: column for column in columns}
    return [named[n] == v for n, v in zip(("system_id", "slot", "channel"), key, strict=True)]
