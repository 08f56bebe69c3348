"""The roll-ups of a batch: grown frame by frame where frames come in order, folded again where not.

The open bucket of a channel travels in its row of `latest`, which is written anyway. A frame that
opens the next bucket closes it into `rollups`. A frame that belongs before the last one makes its
bucket stale: after the batch, stale buckets are folded again from the stored frames, once each,
and so is every following bucket for as long as what is believed at the end of the one before has
changed. The caller holds the rows of `latest`, so nobody else folds the same channels meanwhile.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec
from attrs import define, field
from sqlalchemy.ext.asyncio import AsyncConnection

from core.records import insert_new, wanted, write
from core.registry import Channel
from core.telemetry.chunks import SPAN
from core.telemetry.fold import BUCKET, Closed, Open, Place, bucket_of, is_credible, plan_of
from core.telemetry.frames import REFUSED, Arrival, Key, refusals, refusals_of
from core.telemetry.history import frames_between, wrapped
from core.telemetry.stale import StaleDay, mark, stale_day
from core.telemetry.tables import quarantine, rollups
from core.thing_model.layout.fields import Value
from core.thing_model.plausibility import Belief

Task = tuple[int, str, str, int]
"""A key and one of its buckets."""
Stored = tuple[int, int, int, int, bytes]
"""A stored frame: device time, boot id, sequence, receive time, body."""

_ENCODE: Final = msgspec.msgpack.encode
_CLOSED: Final = msgspec.msgpack.Decoder(Closed)
_OPEN: Final = msgspec.msgpack.Decoder(Open)


def unpacked(blob: bytes | None) -> Open | None:
    """The open bucket as `latest` keeps it."""
    return None if blob is None else _OPEN.decode(blob)


def packed_open(open_: Open) -> bytes:
    """The inverse of `unpacked`."""
    return _ENCODE(open_)


def closed_of(blob: bytes) -> Closed:
    """A roll-up as `rollups` keeps it."""
    return _CLOSED.decode(blob)


def packed_closed(closed: Closed) -> bytes:
    """The inverse of `closed_of`."""
    return _ENCODE(closed)


@define(eq=False)
class Rolling:
    """What becomes of the roll-ups of these channels; `moved` are those whose open bucket changed.

    `newest` are the believed values of the last frame of channels that were folded again; `now`
    dates the marks of the days that became stale, 0 has them made at once.
    """

    opens: dict[Key, Open]
    now: int = 0
    moved: set[Key] = field(factory=set[Key])
    newest: dict[Key, tuple[Place, Sequence[Value]]] = field(
        factory=dict[Key, tuple[Place, Sequence[Value]]]
    )
    _channels: dict[Key, Channel] = field(factory=dict[Key, Channel])
    _outdated: set[Key] = field(factory=set[Key])
    _stale: set[Task] = field(factory=set[Task])
    _touched: set[StaleDay] = field(factory=set[StaleDay])
    _closed: dict[Task, bytes] = field(factory=dict[Task, bytes])
    _refused: list[Any] = field(factory=list[Any])

    def take(self, arrival: Arrival) -> None:
        """Grow the open bucket of its channel, or mark a stale one; judges the frame's values."""
        plan, values = plan_of(arrival.channel), arrival.values
        if values is None or not plan.entries:
            return
        if not is_credible(arrival.device_time, arrival.receive_time):
            return
        key, bucket = arrival.key, bucket_of(arrival.device_time)
        place = (arrival.device_time, arrival.boot_id, arrival.sequence)
        self._channels[key] = arrival.channel
        open_ = self.opens.get(key)
        if open_ is None:
            self._touched.add(stale_day(key[0], bucket))
            open_ = self.opens[key] = plan.begin(bucket, {})
        elif open_.plan != plan.number:
            self._outdated.add(key)
            self._stale |= {(*key, open_.bucket), (*key, bucket)}
            return
        elif place <= open_.place:
            if place != open_.place:
                self._stale.add((*key, bucket))
            return
        elif bucket != open_.bucket:
            self._touched |= {stale_day(key[0], open_.bucket), stale_day(key[0], bucket)}
            self._closed[*key, open_.bucket] = packed_closed(plan.close(open_))
            open_ = self.opens[key] = plan.following(open_, bucket)
        self.moved.add(key)
        arrival.values, refused = plan.take(open_, place, values)
        if refused:
            self._refused += refusals(arrival, refused, "before")

    def mark(self, key: Key, channel: Channel, buckets: Iterable[int]) -> None:
        """Have these buckets folded again."""
        self._channels[key] = channel
        self._stale |= {(*key, bucket) for bucket in buckets}
        if self._stale and key in self.opens:
            self._stale.add((*key, self.opens[key].bucket))  # it may no longer be the last

    def channel(self, key: Key) -> Channel:
        """What was taken in or marked under this key."""
        return self._channels[key]

    async def settle(self, connection: AsyncConnection) -> None:
        """Write the buckets that were closed, and fold the stale ones again."""
        await _write_rows(connection, self._closed)
        await insert_new(connection, quarantine, REFUSED, self._refused)
        while self._stale:
            tasks, self._stale = sorted(self._stale), set()
            await self._fold(connection, tasks)
        await mark(connection, self._touched, self.now)

    async def _fold(self, connection: AsyncConnection, tasks: Sequence[Task]) -> None:
        self._touched |= {stale_day(task[0], task[3]) for task in tasks}
        before = await _rows(connection, tasks, _BEFORE)
        old = await _rows(connection, tasks, _SAME)
        stored = await _frames(connection, tasks)
        rows, gone, changed = dict[Task, bytes](), list[Task](), list[Task]()
        refused = list[Any]()
        for key, group in groupby(tasks, key=lambda task: task[:3]):
            mine = list(group)
            top = max(mine[-1][3], self.opens[key].bucket if key in self.opens else 0)
            last: tuple[int, Mapping[str, Belief]] = (-1, {})
            for task in mine:
                bucket, earlier = task[3], before.get(task)
                if earlier and earlier[0] > last[0]:
                    last = (earlier[0], earlier[1].beliefs)
                open_, said, newest = self._refold(key, bucket, last[1], stored.get(task, ()))
                refused += said
                closed = plan_of(self._channels[key]).close(open_)
                last = (bucket, closed.beliefs)
                if bucket == top:
                    self.opens[key] = open_
                    self.moved.add(key)
                    if newest is not None:
                        self.newest[key] = newest
                    continue
                was = old[task][1].beliefs if task in old else {}
                if newest is None:
                    gone.append(task)
                else:
                    rows[task] = packed_closed(closed)
                if closed.beliefs != was:
                    changed.append(task)
        await _write_rows(connection, rows)
        await _execute(connection, gone, _DELETE)
        await _execute(connection, tasks, _FORGET)
        await insert_new(connection, quarantine, REFUSED, refused)
        await self._follow(connection, tasks, changed)

    def _refold(
        self, key: Key, bucket: int, before: Mapping[str, Belief], stored: Iterable[Stored]
    ) -> tuple[Open, list[Any], tuple[Place, Sequence[Value]] | None]:
        """The bucket from its frames; what is refused in it, and its last frame if it has any."""
        channel = self._channels[key]
        plan = plan_of(channel)
        open_ = plan.begin(bucket, before)
        rows: list[Any] = []
        newest = None
        for device_time, boot_id, sequence, receive_time, body in stored:
            values = _read(channel, body)
            if values is None or not is_credible(device_time, receive_time):
                continue
            place = (device_time, boot_id, sequence)
            believed, refused = plan.take(open_, place, values)
            newest = (place, believed)
            if refused:
                identity = (*key, boot_id, sequence, device_time, receive_time)
                rows += refusals_of(identity, channel, body, refused)
        return open_, rows, newest

    async def _follow(
        self, connection: AsyncConnection, tasks: Sequence[Task], changed: Sequence[Task]
    ) -> None:
        """Mark the buckets that begin with what has changed, unless they were folded after it."""
        done = set(tasks)
        following = await _next(connection, changed)
        for task in changed:
            key = task[:3]
            after = (*key, following.get(task, self.opens[key].bucket))
            if after not in done and after[3] > task[3]:
                self._stale.add(after)


def _read(channel: Channel, body: bytes) -> Sequence[Value] | None:
    try:
        return channel.read(body)[0]
    except Exception:  # noqa: BLE001  as on arrival, where it became a dead letter
        return None


async def _write_rows(connection: AsyncConnection, rows: Mapping[Task, bytes]) -> None:
    listed = [(*task, rows[task]) for task in sorted(rows)]
    await write(connection, rollups, _COLUMNS, listed, _REPLACE)


async def _rows(
    connection: AsyncConnection, tasks: Sequence[Task], query: str
) -> dict[Task, tuple[int, Closed]]:
    """A roll-up for each task that has one, with its bucket."""
    found = await _execute(connection, tasks, query)
    return {tuple(task): (at, closed_of(blob)) for *task, at, blob in found}


async def _frames(connection: AsyncConnection, tasks: Sequence[Task]) -> dict[Task, list[Stored]]:
    """The stored frames of each bucket, in order, whether they are compacted or not."""
    found: defaultdict[Task, list[Stored]] = defaultdict(list)
    for id_, slot, channel, bucket, *stored in await _execute(connection, tasks, _FRAMES):
        found[id_, slot, channel, bucket].append(tuple(stored))
    for task in [tuple[Any, ...](row) for row in await _execute(connection, tasks, _COMPACTED)]:
        id_, slot, channel, bucket = task
        compacted = frames_between(connection, id_, slot, channel, bucket, bucket + BUCKET)
        found[task] = [
            (f.device_time, f.boot_id, wrapped(f.sequence), f.receive_time, f.body)
            async for f in compacted
        ]
    return found


async def _next(connection: AsyncConnection, tasks: Sequence[Task]) -> dict[Task, int]:
    """The next bucket after each task that is closed."""
    found = await _execute(connection, tasks, _AFTER)
    return {tuple(task): bucket for *task, bucket in found if bucket is not None}


async def _execute(connection: AsyncConnection, tasks: Sequence[Task], query: str) -> list[Any]:
    """What a query says of these tasks; it calls them `wanted`."""
    if not tasks:
        return []
    rows, parameters = wanted(connection, rollups, _TASK, tasks)
    result = await connection.exec_driver_sql(query.replace("{wanted}", rows), parameters)
    return list(result) if result.returns_rows else []


_TASK: Final = ("system_id", "slot", "channel", "bucket")
_COLUMNS: Final = (*_TASK, "cells")
_REPLACE: Final = (
    "ON CONFLICT (system_id, slot, channel, bucket) DO UPDATE SET cells = excluded.cells"
)
_NAMES: Final = "wanted.system_id, wanted.slot, wanted.channel, wanted.bucket"
_OWN: Final = (
    "{0}.system_id = wanted.system_id AND {0}.slot = wanted.slot AND {0}.channel = wanted.channel"
)
_INSIDE: Final = (
    _OWN
    + f" AND {{0}}.device_time >= wanted.bucket AND {{0}}.device_time < wanted.bucket + {BUCKET}"
)
_SAME: Final = (
    f"SELECT {_NAMES}, r.bucket, r.cells FROM {{wanted}} "  # noqa: S608
    f"JOIN rollups r ON {_OWN.format('r')} AND r.bucket = wanted.bucket"
)
_BEFORE: Final = (
    f"SELECT {_NAMES}, r.bucket, r.cells FROM {{wanted}} "  # noqa: S608
    f"JOIN rollups r ON {_OWN.format('r')} AND r.bucket = (SELECT max(e.bucket) FROM rollups e "
    f"WHERE {_OWN.format('e')} AND e.bucket < wanted.bucket)"
)
_AFTER: Final = (
    f"SELECT {_NAMES}, (SELECT min(e.bucket) FROM rollups e "  # noqa: S608
    f"WHERE {_OWN.format('e')} AND e.bucket > wanted.bucket) FROM {{wanted}}"
)
_CHANNEL: Final = (
    "JOIN channel_names n ON n.slot = wanted.slot AND n.channel = wanted.channel JOIN {0} f "
    "ON f.system_id = wanted.system_id AND f.channel_id = n.id"
)
_FRAMES: Final = (
    f"SELECT {_NAMES}, f.device_time, f.boot_id, f.sequence, f.receive_time, f.body "  # noqa: S608
    f"FROM {{wanted}} {_CHANNEL.format('frames')} AND f.device_time >= wanted.bucket "
    f"AND f.device_time < wanted.bucket + {BUCKET} "
    f"ORDER BY {_NAMES}, f.device_time, f.boot_id, f.sequence"
)
_COMPACTED: Final = (
    f"SELECT DISTINCT {_NAMES} FROM {{wanted}} {_CHANNEL.format('frame_chunks')} "  # noqa: S608
    f"AND f.span = wanted.bucket - wanted.bucket % {SPAN}"
)
"""Those of the buckets that may lie in a chunk: a bucket never lies in two."""
_DELETE: Final = (
    "DELETE FROM rollups WHERE (system_id, slot, channel, bucket) IN "  # noqa: S608
    f"(SELECT {_NAMES} FROM {{wanted}})"
)
_FORGET: Final = (
    "DELETE FROM quarantine WHERE id IN (SELECT q.id FROM {wanted} "  # noqa: S608
    f"JOIN quarantine q ON {_INSIDE.format('q')} WHERE q.rule = 'before')"
)
