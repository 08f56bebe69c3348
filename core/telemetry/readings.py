"""The latest readings of a system, and the frames that hold them."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from functools import lru_cache

import msgspec
from attrs import frozen
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.registry import Channel, System
from core.telemetry.fold import moment_of
from core.telemetry.history import Frame, frame_at
from core.telemetry.tables import latest
from core.thing_model.layout.fields import Value


@frozen
class Reading:
    """The value of a datapoint in the newest frame of its channel; None is absent."""

    value: Value
    device_time: int
    receive_time: int
    channel: str

    @property
    def as_of(self) -> int:
        """The moment that it is of: by the device's clock, unless that cannot be right."""
        return moment_of(self.device_time, self.receive_time)


Readings = dict[tuple[str, str], Reading]
"""Readings by (slot, datapoint key)."""


async def latest_of(connection: AsyncConnection, system_id: int) -> Readings:
    """All latest readings of a system; of a key that two channels carry, the newer one."""
    return (await latest_of_all(connection, [system_id])).get(system_id, {})


async def latest_of_all(
    connection: AsyncConnection, system_ids: Collection[int]
) -> dict[int, Readings]:
    """The same of several systems, by system id; one that never sent a frame is not among them."""
    query = select(latest).where(latest.c.system_id.in_(system_ids)).order_by(latest.c.as_of)
    found: dict[int, Readings] = {}
    for row in await connection.execute(query):
        readings = found.setdefault(row.system_id, {})
        for key, value in values_of(row.readings).items():
            readings[row.slot, key] = Reading(value, row.device_time, row.receive_time, row.channel)
    return found


async def said_by(
    connection: AsyncConnection, system_ids: Collection[int]
) -> AsyncIterator[tuple[int, str, dict[str, Value]]]:
    """What the newest frames of several systems say: system id, slot, values; oldest first."""
    query = select(latest.c.system_id, latest.c.slot, latest.c.readings)
    query = query.where(latest.c.system_id.in_(system_ids)).order_by(latest.c.as_of)
    for row in await connection.execute(query):
        yield row.system_id, row.slot, values_of(row.readings)


def house(system: System, readings: Mapping[tuple[str, str], Reading]) -> dict[str, float]:
    """The role readings that follow from `readings`, in the house's units and signs."""
    return system.house({address: reading.value for address, reading in readings.items()})


async def frame_of(
    connection: AsyncConnection, system_id: int, slot: str, channel: str
) -> Frame | None:
    """The frame that the latest readings of a channel came from."""
    query = select(latest.c.device_time, latest.c.boot_id, latest.c.sequence).where(
        latest.c.system_id == system_id, latest.c.slot == slot, latest.c.channel == channel
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    time, boot_id, sequence = row
    return await frame_at(connection, system_id, slot, channel, (time, boot_id, sequence))


def values_of(packed: bytes) -> dict[str, Value]:
    """The readings in the form in which `latest` keeps them."""
    values: dict[str, Value] = msgspec.msgpack.decode(packed)
    return values


def packed(channel: Channel, values: Sequence[Value]) -> bytes:
    """The values of a channel in that form."""
    return msgspec.msgpack.encode(_record(channel)(*values))


@lru_cache(maxsize=4096)
def _record(channel: Channel) -> Callable[..., msgspec.Struct]:
    """What is written as a map of these keys, and made faster than one."""
    names = {f"value{n}": key for n, key in enumerate(channel.keys)}
    return msgspec.defstruct("Readings", list(names), rename=names, gc=False)
