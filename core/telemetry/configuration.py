"""What a system was set to at an instant, as it told by then, and when that changed.

Its configuration is what its parts can be told, and what they are or are held to: datapoints that
can be written, that a command sets or is proved by, or that have a trait. Who set them does not
matter: the device's own word counts. All times are its own, by which frames are kept.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Final

from attrs import define, field, frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from core.registry import Channel, Part, System
from core.telemetry.backwards import EARLIEST, frames_backwards
from core.telemetry.chunks import SPAN
from core.telemetry.curves import Address
from core.telemetry.samples import TURN, readable
from core.thing_model.datapoint import Datapoint
from core.thing_model.layout.fields import Value
from core.thing_model.layout.layouts import layout_keys

MOST_FRAMES: Final = 3000
"""Frames of a channel that are looked through for what is missing: a third of a day every 10 s."""


@frozen
class Told:
    """A value, and the device time of the frame that says it."""

    value: Value
    at: int


@frozen
class Looked:
    """How far back a channel was looked through; `all` of it, or only the newest frames.

    `since` is the device time of the oldest frame that was seen, None where there is none.
    """

    slot: str
    channel: str
    frames: int
    since: int | None
    all: bool


@define
class Configuration:
    """What a system was set to `at` an instant: the last that it told at or before it.

    What is wanted and not in `told` was not said by any frame that was `looked` through.
    """

    at: int
    told: dict[Address, Told] = field(factory=dict[Address, Told])
    looked: list[Looked] = field(factory=list[Looked])


@frozen
class Turn:
    """A change to a value: the last frame with another one (`old`), and the first with it (`new`).

    Frames lie between only where none of them says the value. Of a value that went to and fro this
    is one of the changes to it.
    """

    old: Told
    new: Told


def settings_of(part: Part) -> Mapping[str, Datapoint]:
    """The datapoints that are the configuration of a component, in declared order."""
    carried = {key for channel in part.channels.values() for key in channel.keys}
    set_by = {
        key
        for command in part.commands.values()
        for key in (*layout_keys(command.writes), *command.reads_back)
    }
    return {
        key: datapoint
        for key, datapoint in part.datapoints.items()
        if key in carried and (datapoint.access != "ro" or datapoint.trait or key in set_by)
    }


def addresses_of(system: System) -> list[Address]:
    """All that is the configuration of a system."""
    return [(slot, key) for slot, part in system.parts.items() for key in settings_of(part)]


async def configuration_at(  # noqa: PLR0917  whose, what, and when
    connection: AsyncConnection,
    system_id: int,
    system: System,
    wanted: Collection[Address],
    at: int,
    since: int = EARLIEST,
) -> Configuration:
    """The last values that were told from `since` to `at`, both included.

    Frames are read backwards until each has one; of a channel that never says one, MOST_FRAMES.
    """
    found = Configuration(at)
    for slot, channel in _carrying(system, wanted):
        missing = {key for of, key in wanted if of == slot and key in channel.keys}
        number, last = 0, None
        async for time, values in _said(connection, system_id, slot, channel, at, since):
            number, last = number + 1, time
            for key in [key for key in missing if values.get(key) is not None]:
                known = found.told.get((slot, key))
                if known is None or known.at < time:
                    found.told[slot, key] = Told(values[key], time)
                missing.discard(key)
            if not missing or number == MOST_FRAMES:
                break
        seen_all = bool(missing) and number < MOST_FRAMES
        found.looked.append(Looked(slot, channel.name, number, last, seen_all))
    return found


async def turns(
    connection: AsyncConnection,
    system_id: int,
    system: System,
    before: Mapping[Address, Told],
    after: Mapping[Address, Told],
) -> dict[Address, Turn]:
    """When what is different `after` became so; both are of one system, and in order of time.

    Between them it is looked at in the middle, and then in the half in which a value turned, until
    what is left is short enough to be read: so most frames are never looked at.
    """
    states = {
        address: _Turning(before[address], after[address])
        for address in before.keys() & after.keys()
        if before[address].value != after[address].value and before[address].at < after[address].at
    }
    if states:
        begin = min(each.old.at for each in states.values())
        end = max(each.new.at for each in states.values())
        await _narrow(connection, system_id, system, states, (begin, end))
    return {address: Turn(each.old, each.new) for address, each in states.items()}


@define
class _Turning:
    """The newest frame that is known to have another value, and the oldest with the last one."""

    old: Told
    new: Told

    def take(self, told: Told) -> bool:
        """Note what a frame between them says; whether it is the last value already."""
        if told.value == self.new.value:
            self.new = told
            return True
        self.old = told
        return False


async def _narrow(
    connection: AsyncConnection,
    system_id: int,
    system: System,
    states: Mapping[Address, _Turning],
    between: tuple[int, int],
) -> None:
    """Bring the ends of these closer, each of which turned between two moments."""
    begin, end = between
    if end - begin <= SPAN:
        await _read(connection, system_id, system, states, between)
        return
    middle = (begin + end) // 2
    said = await configuration_at(connection, system_id, system, states, middle, begin + 1)
    early: dict[Address, _Turning] = {}
    late: dict[Address, _Turning] = {}
    for address, state in states.items():
        told = said.told.get(address)
        if told is not None and told.at <= state.old.at:
            told = None
        if middle >= state.new.at or (told is not None and state.take(told)):
            early[address] = state
        else:
            late[address] = state
    for some, part in ((early, (begin, middle)), (late, (middle, end))):
        if some:
            await _narrow(connection, system_id, system, some, part)


async def _read(
    connection: AsyncConnection,
    system_id: int,
    system: System,
    states: Mapping[Address, _Turning],
    between: tuple[int, int],
) -> None:
    """Find the last change of each by reading what was said between two moments."""
    begin, end = between
    said: list[tuple[int, Address, Value]] = []
    for slot, channel in _carrying(system, states):
        keys = [key for of, key in states if of == slot and key in channel.keys]
        async for time, values in _said(connection, system_id, slot, channel, end, begin):
            said += ((time, (slot, key), values.get(key)) for key in keys)
    turned: set[Address] = set()
    for time, address, value in sorted(said, key=lambda each: each[0], reverse=True):
        state = states[address]
        if value is None or address in turned or not state.old.at < time < state.new.at:
            continue
        if not state.take(Told(value, time)):
            turned.add(address)


def _carrying(system: System, wanted: Collection[Address]) -> Sequence[tuple[str, Channel]]:
    """The channels that can say some of these."""
    return [
        (slot, channel)
        for slot, part in system.parts.items()
        for channel in part.channels.values()
        if any(of == slot and key in channel.keys for of, key in wanted)
    ]


async def _said(  # noqa: PLR0917  whose, what, and when
    connection: AsyncConnection,
    system_id: int,
    slot: str,
    channel: Channel,
    until: int,
    since: int,
) -> AsyncIterator[tuple[int, Mapping[str, Value]]]:
    """Device times and values of frames, newest first; of one that cannot be read, no values."""
    number = 0
    said = frames_backwards(connection, system_id, slot, channel.name, until, since)
    async for frame in said:
        number += 1
        if number % TURN == 0:
            await asyncio.sleep(0)
        values = readable(channel, frame.body)
        yield (
            frame.device_time,
            {} if values is None else dict(zip(channel.keys, values, strict=True)),
        )
