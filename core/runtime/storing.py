"""One transaction for one batch: what is kept of it, and where."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attrs import define, evolve, field
from sqlalchemy.ext.asyncio import AsyncConnection

from core.commanding import commands
from core.commanding.states import TransitionError
from core.fleet import systems
from core.journal import faults, logs
from core.runtime.presence import Registrar
from core.runtime.sorting import Heard, RejectionError, Sorted
from core.telemetry import dead_letters, frames, latest
from core.telemetry.dead_letters import Rejected
from core.telemetry.frames import Arrival
from core.telemetry.latest import Changes
from core.telemetry.names import Names

SEEN_STEP: Final = 30_000
_CONFLICT: Final = "another frame has the same boot id, sequence and device time"


@define(eq=False)
class Store:
    """Keeps sorted batches.

    That a system sends frames is noted every SEEN_STEP milliseconds only, because the column is
    indexed and every note of it costs as much as a frame.
    """

    registrar: Registrar
    _names: Names = field(factory=Names)
    _seen: dict[int, int] = field(factory=dict[int, int])

    async def keep(self, found: Sorted, now: int, *, replay: bool) -> Changes:
        """Keep everything in one transaction; `found.rejected` gets what is refused meanwhile.

        In a `replay` a dead letter is not counted as having come again.
        """
        ids = {arrival.system_id for arrival in found.arrivals}
        unseen = [id_ for id_ in ids if now - self._seen.get(id_, 0) >= SEEN_STEP]
        directory = self.registrar.directory
        async with directory.database.begin() as connection:
            changes = await self._keep_frames(connection, found, replay=replay)
            await systems.note_frames(connection, unseen, now)
            await logs.store(connection, found.logs)
            for heard in found.heard:
                found.rejected += await _keep_heard(connection, heard, now)
            changed, contradicting = await self.registrar.note(connection, found.announced, now)
            found.rejected += contradicting
            if replay:
                found.rejected = [evolve(each, times=0) for each in found.rejected]
            await dead_letters.store(connection, found.rejected, now)
        directory.forget(changed)
        self._seen.update(dict.fromkeys(unseen, now))
        return changes

    async def _keep_frames(
        self, connection: AsyncConnection, found: Sorted, *, replay: bool
    ) -> Changes:
        refused = await frames.store(connection, self._names, found.arrivals, replay=replay)
        conflicting = set(refused)
        found.rejected += _conflicts(found, conflicting)
        changes = await latest.update(connection, _others(found.arrivals, conflicting))
        await faults.note(connection, changes.faults)
        return changes


def _conflicts(found: Sorted, conflicting: set[Arrival]) -> Iterator[Rejected]:
    for arrival, read in zip(found.arrivals, found.frames, strict=True):
        if arrival in conflicting:
            yield read.rejected(RejectionError("conflicting_frame", _CONFLICT))


def _others(arrivals: Sequence[Arrival], conflicting: set[Arrival]) -> Iterable[Arrival]:
    return [a for a in arrivals if a not in conflicting] if conflicting else arrivals


async def _keep_heard(connection: AsyncConnection, heard: Heard, now: int) -> list[Rejected]:
    """Take in what a device says of a command; the message is returned where that cannot be."""
    try:
        if await commands.acknowledge(connection, heard.system_id, heard.said, now):
            return []
        reason = f"{heard.read.uplink.sn} was never sent a command {heard.said.id}"
        return [heard.read.rejected(RejectionError("unknown_command", reason))]
    except TransitionError as error:
        return [heard.read.rejected(RejectionError("illegal_transition", str(error)))]
