"""The newest frame of each channel, and the faults that come and go with it.

Which of two frames is newer? The one with the later `as_of`: the device's time, unless that clock
cannot be right (before 2020, or ahead of the time of receipt), for which the time of receipt stands
in. So a clock that ran ahead does not hide what follows once it is set, and one that was never set
does not hide anything. A frame that was overtaken, or comes again, is not newer, whenever it
arrives: it has a lower sequence in the same start of the device, and no later time by a right
clock. A backfilled frame whose clock cannot be right is never the newest, for it does not say when.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from attrs import define, field, frozen
from sqlalchemy import LargeBinary, bindparam, func
from sqlalchemy import update as sql_update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.journal.faults import Closed, Opened
from core.records import arrays, unnest, write
from core.registry import Channel
from core.telemetry.fold import Open, moment_of
from core.telemetry.frames import Arrival, Key
from core.telemetry.readings import packed
from core.telemetry.rollups import Rolling, packed_open, unpacked
from core.telemetry.tables import latest
from core.thing_model.fault import Fault
from core.thing_model.layout.fields import Value


@define(eq=False)
class Newest:
    """What is kept of a channel: the identity of its newest frame, and the faults it tells of."""

    as_of: int
    boot_id: int
    sequence: int
    device_time: int
    raised: frozenset[str]
    rolling: Open | None = None


@define(eq=False)
class Changes:
    """What a batch changed: the newest frame of each channel, and the faults that came or went."""

    newest: dict[Key, Arrival] = field(factory=dict[Key, Arrival])
    faults: list[Opened | Closed] = field(factory=list[Opened | Closed])


async def update(connection: AsyncConnection, arrivals: Iterable[Arrival], now: int) -> Changes:
    """Make the newer ones of these frames, in order of arrival, the latest of their channels.

    Before, each is rolled up, and loses the values that are not plausible after those before it.
    """
    decoded = [arrival for arrival in arrivals if arrival.values is not None]
    states = await states_of(connection, sorted({arrival.key for arrival in decoded}))
    rolling = Rolling({key: each.rolling for key, each in states.items() if each.rolling}, now)
    changes = Changes()
    for arrival in decoded:
        key = arrival.key
        rolling.take(arrival)
        known, as_of = states.get(key), time_of(arrival)
        if is_newer(arrival, as_of, known):
            raised = _raised(arrival, known.raised if known else frozenset())
            changes.faults += _fault_changes(arrival, as_of, known, raised)
            states[key] = Newest(
                as_of, arrival.boot_id, arrival.sequence, arrival.device_time, raised
            )
            changes.newest[key] = arrival
    await rolling.settle(connection)
    rewritten = _rewritten(rolling, changes.newest, states)
    rows = [
        _row(changes.newest[key], states[key], rolling.opens.get(key))
        for key in sorted(changes.newest)
    ]
    await write(connection, latest, _COLUMNS, rows, _NEWER)
    await _rewrite(connection, rewritten)
    return changes


async def keep(connection: AsyncConnection, rolling: Rolling, states: Mapping[Key, Newest]) -> None:
    """Write what became of channels that no frame arrived for."""
    await _rewrite(connection, _rewritten(rolling, {}, states))


def _rewritten(
    rolling: Rolling, newer: Mapping[Key, Arrival], states: Mapping[Key, Newest]
) -> list[tuple[object, ...]]:
    """Open buckets, and perhaps readings, of channels whose newest frame stays what it was."""
    rows: list[tuple[object, ...]] = []
    for key in sorted(rolling.moved & states.keys()):
        place, values = rolling.newest.get(key, (None, ()))
        newest = states[key]
        same = place == (newest.device_time, newest.boot_id, newest.sequence)
        if (arrival := newer.get(key)) is not None:
            arrival.values = values if same else arrival.values
            continue
        said = packed(rolling.channel(key), values) if same else None
        rows.append((packed_open(rolling.opens[key]), said, *key))
    return rows


async def _rewrite(connection: AsyncConnection, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        names = ("open", "said", "id", "in_slot", "of")
        named: list[dict[str, object]] = [dict(zip(names, row, strict=True)) for row in rows]
        await connection.execute(_REWRITE, named)


def time_of(arrival: Arrival) -> int:
    """`as_of` of a frame, see the module."""
    return moment_of(arrival.device_time, arrival.receive_time)


def is_newer(arrival: Arrival, as_of: int, known: Newest | None) -> bool:
    """Whether a frame comes after the newest that is known; see the module."""
    if arrival.late and as_of != arrival.device_time:
        return False
    if known is None:
        return True
    overtaken = arrival.boot_id == known.boot_id and (
        arrival.sequence < known.sequence
        if as_of != arrival.device_time
        else arrival.sequence <= known.sequence and arrival.device_time <= known.device_time
    )
    return as_of >= known.as_of and not overtaken


async def states_of(connection: AsyncConnection, keys: Sequence[Key]) -> dict[Key, Newest]:
    """What is kept of these channels; nobody else changes it before the transaction ends."""
    if not keys:
        return {}
    if connection.dialect.name != "postgresql":
        return dict(map(_state, await connection.exec_driver_sql(_KNOWN, (json.dumps(keys),))))
    async with connection.begin_nested() as savepoint:
        found = await _locked(connection, keys)
        new = [key for key in keys if key not in found]
        if new:  # there is no row to lock; and these locks come before those of all rows
            await savepoint.rollback()
    if new:
        stripes = sorted({zlib.crc32(repr(key).encode()) % _STRIPES for key in new})
        await connection.exec_driver_sql(_LOCK_NEW, (_NEW, stripes))
        found = await _locked(connection, keys)
    return found


async def _locked(connection: AsyncConnection, keys: Sequence[Key]) -> dict[Key, Newest]:
    return dict(map(_state, await connection.exec_driver_sql(_LOCKED, arrays(keys))))


def _state(row: Any) -> tuple[Key, Newest]:
    *key, as_of, boot_id, sequence, device_time, raised, rolling = row
    codes = frozenset(raised.split())
    return tuple(key), Newest(as_of, boot_id, sequence, device_time, codes, unpacked(rolling))


@frozen
class _Word:
    """A datapoint that tells of faults: where it stands among the channel's values, and of which.

    No fault is present where none of the `bits` is set and the value is none of `numbers`.
    """

    index: int
    faults: tuple[Fault, ...]
    bits: int
    numbers: frozenset[int]

    def is_quiet(self, value: Value) -> bool:
        return isinstance(value, int) and not value & self.bits and value not in self.numbers


@lru_cache(maxsize=4096)
def _fault_words(channel: Channel) -> tuple[_Word, ...]:
    by_key: dict[str, list[Fault]] = {}
    for fault in channel.faults:
        by_key.setdefault(fault.datapoint, []).append(fault)
    return tuple(
        _Word(
            channel.keys.index(key),
            tuple(faults),
            sum({1 << fault.bit for fault in faults if fault.bit is not None}),
            frozenset(fault.equals for fault in faults if fault.equals is not None),
        )
        for key, faults in by_key.items()
    )


def _raised(arrival: Arrival, before: frozenset[str]) -> frozenset[str]:
    """Codes of the faults that the frame tells of; those it is silent about stay as they were."""
    values: Sequence[Value] = arrival.values or ()
    raised: set[str] = set()
    for word in _fault_words(arrival.channel):
        value = values[word.index]
        if value is None:
            raised.update(fault.code for fault in word.faults if fault.code in before)
        elif not word.is_quiet(value):
            raised.update(fault.code for fault in word.faults if fault.raised(value))
    return frozenset(raised)


def _fault_changes(
    arrival: Arrival, as_of: int, known: Newest | None, raised: frozenset[str]
) -> Iterator[Opened | Closed]:
    before = known.raised if known else frozenset[str]()
    if raised == before:
        return
    severities = {fault.code: fault.severity for fault in arrival.channel.faults}
    for code in sorted(before - raised):
        yield Closed(arrival.system_id, arrival.part.slot, code, as_of)
    for code in sorted(raised - before):
        yield Opened(arrival.system_id, arrival.part.slot, code, severities[code], as_of)


def _row(arrival: Arrival, newest: Newest, rolling: Open | None) -> tuple[object, ...]:
    return (
        *arrival.key,
        newest.as_of,
        newest.boot_id,
        newest.sequence,
        newest.device_time,
        arrival.receive_time,
        packed(arrival.channel, arrival.values or ()),
        " ".join(sorted(newest.raised)),
        None if rolling is None else packed_open(rolling),
    )


_KEY: Final = ("system_id", "slot", "channel")
_STATE: Final = (*_KEY, "as_of", "boot_id", "sequence", "device_time")
_COLUMNS: Final = (*_STATE, "receive_time", "readings", "raised", "rolling")
_NEWER: Final = (
    "ON CONFLICT (system_id, slot, channel) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[3:])
    + " WHERE excluded.as_of >= latest.as_of"
)
_REWRITE: Final = (
    sql_update(latest)
    .where(
        latest.c.system_id == bindparam("id"),
        latest.c.slot == bindparam("in_slot"),
        latest.c.channel == bindparam("of"),
    )
    .values(
        rolling=bindparam("open", type_=LargeBinary),
        readings=func.coalesce(bindparam("said", type_=LargeBinary), latest.c.readings),
    )
)
_SELECT: Final = (
    f"SELECT {', '.join(f'latest.{name}' for name in _STATE)}, latest.raised, latest.rolling FROM"
)
_LOCKED: Final = (
    f"{_SELECT} {unnest(latest, _KEY)} AS wanted ({', '.join(_KEY)}) "
    "JOIN latest USING (system_id, slot, channel) "
    "ORDER BY system_id, slot, channel FOR UPDATE OF latest"
)
_STRIPES: Final = 64
_NEW: Final = 1_818_326_889
"""Class of the advisory locks for channels without a row, 64 of them for all channels there are."""
_LOCK_NEW: Final = "SELECT pg_advisory_xact_lock($1::int, stripe) FROM unnest($2::int[]) AS stripe"
_KNOWN: Final = (
    f"{_SELECT} json_each(?) AS wanted "
    "JOIN latest ON latest.system_id = wanted.value ->> 0 "
    "AND latest.slot = wanted.value ->> 1 AND latest.channel = wanted.value ->> 2"
)
