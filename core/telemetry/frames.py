"""Frames on their way into the store: each is kept once, whatever becomes of its values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import define, frozen
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.records import Row, insert_new, printable
from core.registry import Channel, Part, System
from core.telemetry import chunks
from core.telemetry.chunks import SETTLED, Identity
from core.telemetry.names import Names
from core.telemetry.tables import frames, quarantine
from core.thing_model.layout.fields import Value
from core.thing_model.problems import DecodeError

Key = tuple[int, str, str]
"""What has its own latest readings: (system id, slot, channel)."""


@define(eq=False)
class Arrival:
    """A frame that arrived, decoded. Times are UTC milliseconds, `sequence` as the tables keep it.

    `sn` and `model` are its system's; `late` marks the backfill topic. `values` go with the
    channel's keys and are None where the frame could not be decoded; `refused` are those that are
    not plausible, absent from `values`.
    """

    system_id: int
    sn: str
    model: System
    part: Part
    channel: Channel
    boot_id: int
    sequence: int
    device_time: int
    receive_time: int
    late: bool
    body: bytes
    values: Sequence[Value] | None
    refused: tuple[DecodeError, ...]

    @property
    def key(self) -> Key:
        return self.system_id, self.part.slot, self.channel.name

    @property
    def identity(self) -> tuple[int, str, str, int, int, int]:
        return (*self.key, self.boot_id, self.sequence, self.device_time)


@frozen(eq=False)
class Mark:
    """A message of a known system whose header could be read, whatever became of its body.

    `sequence` is the device's own number, not yet as the tables keep it. `late` marks backfill.
    `offline_after` are the seconds of its product model.
    """

    system_id: int
    boot_id: int
    sequence: int
    device_time: int
    late: bool
    offline_after: int


async def store(
    connection: AsyncConnection, names: Names, arrivals: Sequence[Arrival], *, replay: bool = False
) -> list[Arrival]:
    """Keep the frames that are not kept yet, and the values of theirs that are not plausible.

    Returns those that could not be kept, because another frame has the same identity. In a
    `replay` the times of receipt are not those of now.
    """
    old = [a for a in arrivals if replay or a.receive_time - a.device_time >= SETTLED]
    if old:
        await chunks.guard(connection, alone=False)
    numbered = await _numbered(connection, names, arrivals)
    compacted = await chunks.kept(connection, [numbered[a][0] for a in old]) if old else {}
    fresh = [a for a in arrivals if numbered[a][0] not in compacted] if compacted else arrivals
    rows = [_row(arrival, *numbered[arrival]) for arrival in fresh]
    new = await insert_new(connection, frames, _COLUMNS, rows)
    implausible = [row for each in arrivals if each.refused for row in refusals(each, each.refused)]
    await insert_new(connection, quarantine, REFUSED, implausible)
    kept = await _kept(connection, numbered, fresh) if new != len(rows) else {}
    return _conflicting(numbered, arrivals, compacted | kept)


async def _numbered(
    connection: AsyncConnection, names: Names, arrivals: Iterable[Arrival]
) -> dict[Arrival, tuple[Identity, int]]:
    """What frames are known by in the tables: their identity, and what read them."""
    words = {a: ((a.part.slot, a.channel.name), _decoder(a)) for a in arrivals}
    channels = await names.channels(connection, {channel for channel, _ in words.values()})
    decoders = await names.decoders(connection, {decoder for _, decoder in words.values()})
    return {
        a: ((a.system_id, channels[channel], a.device_time, a.boot_id, a.sequence), decoders[read])
        for a, (channel, read) in words.items()
    }


async def _kept(
    connection: AsyncConnection,
    numbered: Mapping[Arrival, tuple[Identity, int]],
    arrivals: Iterable[Arrival],
) -> dict[Identity, bytes]:
    identities = {numbered[arrival][0] for arrival in arrivals}
    columns = [frames.c[name] for name in _IDENTITY]
    query = select(*columns, frames.c.body).where(tuple_(*columns).in_(identities))
    rows = [tuple[Any, ...](row) for row in await connection.execute(query)]
    return {row[:5]: row[5] for row in rows}


def _conflicting(
    numbered: Mapping[Arrival, tuple[Identity, int]],
    arrivals: Iterable[Arrival],
    kept: Mapping[Identity, bytes],
) -> list[Arrival]:
    return [a for a in arrivals if kept.get(numbered[a][0], a.body) != a.body] if kept else []


def _decoder(arrival: Arrival) -> tuple[str, str]:
    return arrival.model.product.version, arrival.part.plugin.name


def _row(arrival: Arrival, identity: Identity, decoder_id: int) -> Row:
    return (*identity, arrival.receive_time, decoder_id, arrival.body)


def refusals(
    arrival: Arrival, refused: Iterable[DecodeError], rule: str = "range"
) -> Iterator[Row]:
    """Rows of `quarantine` for values of a frame that are not plausible."""
    identity = (*arrival.identity, arrival.receive_time)
    return refusals_of(identity, arrival.channel, arrival.body, refused, rule)


def refusals_of(
    identity: Row,
    channel: Channel,
    body: bytes,
    refused: Iterable[DecodeError],
    rule: str = "before",
) -> Iterator[Row]:
    """The same for a frame's identity with its time of receipt."""
    said = channel.all_values(body)
    spans = channel.codec.trace(body)
    for error in refused:
        traced = spans[error.datapoint].spans if error.datapoint in spans else ()
        position = traced[0][0] if traced else 0
        value = printable(str(said.get(error.datapoint)))
        yield (*identity, error.datapoint, value, position, printable(error.reason), rule)


_IDENTITY: Final = ("system_id", "channel_id", "device_time", "boot_id", "sequence")
_COLUMNS: Final = (*_IDENTITY, "receive_time", "decoder_id", "body")
REFUSED: Final = (
    *("system_id", "slot", "channel", "boot_id", "sequence", "device_time"),
    *("receive_time", "key", "value", "position", "reason", "rule"),
)
