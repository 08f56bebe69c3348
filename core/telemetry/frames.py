"""Frames on their way into the store: each is kept once, whatever becomes of its values."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from attrs import define, frozen
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.records import Row, insert_new, printable
from core.registry import Channel, Part, System
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


async def store(connection: AsyncConnection, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Keep the frames that are not kept yet, and the values of theirs that are not plausible.

    Returns those that could not be kept, because another frame has the same identity.
    """
    rows = [_row(arrival) for arrival in arrivals]
    new = await insert_new(connection, frames, _COLUMNS, rows)
    implausible = [row for each in arrivals if each.refused for row in refusals(each, each.refused)]
    await insert_new(connection, quarantine, REFUSED, implausible)
    return [] if new == len(rows) else await _conflicting(connection, arrivals)


async def _conflicting(connection: AsyncConnection, arrivals: Iterable[Arrival]) -> list[Arrival]:
    identities = {arrival.identity for arrival in arrivals}
    names = tuple_(*(frames.c[name] for name in _IDENTITY))
    query = select(*(frames.c[name] for name in _IDENTITY), frames.c.body)
    found = await connection.execute(query.where(names.in_(identities)))
    kept: dict[tuple[Any, ...], bytes] = {tuple(identity): body for *identity, body in found}
    return [arrival for arrival in arrivals if kept[arrival.identity] != arrival.body]


def _row(arrival: Arrival) -> Row:
    return (
        arrival.system_id,
        arrival.part.slot,
        arrival.channel.name,
        arrival.boot_id,
        arrival.sequence,
        arrival.device_time,
        arrival.receive_time,
        arrival.model.product.version,
        arrival.part.plugin.name,
        arrival.body,
    )


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


_IDENTITY: Final = ("system_id", "slot", "channel", "boot_id", "sequence", "device_time")
_COLUMNS: Final = (*_IDENTITY, "receive_time", "product_version", "plugin", "body")
REFUSED: Final = (*_IDENTITY, "receive_time", "key", "value", "position", "reason", "rule")
