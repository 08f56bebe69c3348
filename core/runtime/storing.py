"""One transaction for one batch: what is kept of it, and where."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attrs import define, evolve, field
from sqlalchemy.ext.asyncio import AsyncConnection

from core.commanding import commands
from core.commanding.states import TransitionError
from core.fleet import status
from core.journal import faults, logs
from core.runtime.presence import Registrar
from core.runtime.sorting import Heard, RejectionError, Sorted
from core.runtime.versions import Versions
from core.runtime.vitals import Vitals
from core.telemetry import backfill, dead_letters, frames, gaps, latest, reported
from core.telemetry.coverage import Marker
from core.telemetry.dead_letters import Rejected
from core.telemetry.frames import Arrival
from core.telemetry.latest import Changes
from core.telemetry.names import Names
from core.telemetry.reported import Told

_CONFLICT: Final = "another frame has the same boot id, sequence and device time"


@define(eq=False)
class Store:
    """Keeps sorted batches."""

    registrar: Registrar
    vitals: Vitals = field(factory=Vitals)
    marker: Marker = field(factory=Marker)
    versions: Versions = field(factory=Versions)
    _names: Names = field(factory=Names)

    async def keep(self, found: Sorted, now: int, *, replay: bool) -> Changes:
        """Keep everything in one transaction; `found.rejected` gets what is refused meanwhile.

        In a `replay` a dead letter is not counted as having come again.
        """
        directory = self.registrar.directory
        async with directory.database.begin() as connection:
            changes = await self._keep_frames(connection, found, now, replay=replay)
            await gaps.note(connection, found.marks, now)
            running = await self.versions.note(connection, changes.newest)
            marked = await self.marker.note(connection, found.arrivals)
            told = self._told(changes)
            noted = await self._note(connection, found, changes, told, now, replay=replay)
            await reported.keep(connection, told)
            await logs.store(connection, found.logs)
            for heard in found.heard:
                found.rejected += await _keep_heard(connection, heard, now)
            changed, contradicting = await self.registrar.note(connection, found.announced, now)
            found.rejected += contradicting
            if replay:
                found.rejected = [evolve(each, times=0) for each in found.rejected]
            await dead_letters.store(connection, found.rejected, now)
        directory.forget(
            [*changed, *(a.sn for a in changes.newest.values() if a.system_id in told)]
        )
        self.vitals.remember(noted, now)
        self.marker.remember(marked)
        self.versions.remember(running)
        return changes

    def _told(self, changes: Changes) -> Told:
        known = self.registrar.directory.known
        newest = changes.newest.values()
        return reported.told(newest, {a.sn: known[a.sn].record for a in newest if a.sn in known})

    async def _note(
        self,
        connection: AsyncConnection,
        found: Sorted,
        changes: Changes,
        told: Told,
        now: int,
        *,
        replay: bool,
    ) -> set[int]:
        if found.announced or told:  # they are changed later; all rows are locked in one order
            known = self.registrar.directory.known
            said = set(told) | {
                known[each.read.uplink.sn].record.id
                for each in found.announced
                if each.read.uplink.sn in known
            }
            await status.of(connection, said | {mark.system_id for mark in found.marks})
        if replay:
            await self.vitals.note_past(connection, found.marks, changes.faults, now)
            return set()
        return await self.vitals.note(connection, found.marks, changes.faults, now)

    async def _keep_frames(
        self, connection: AsyncConnection, found: Sorted, now: int, *, replay: bool
    ) -> Changes:
        refused = await frames.store(connection, self._names, found.arrivals, replay=replay)
        conflicting = set(refused)
        found.rejected += _conflicts(found, conflicting)
        changes = await latest.update(connection, _others(found.arrivals, conflicting), now)
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
        of = (connection, heard.system_id, heard.said, now)
        if await commands.acknowledge(*of) or await backfill.answer(*of):
            return []
        sent = f"a command or request {heard.said.id}"
        reason = f"{heard.read.uplink.sn} was never sent {sent}"
        return [heard.read.rejected(RejectionError("unknown_command", reason))]
    except TransitionError as error:
        return [heard.read.rejected(RejectionError("illegal_transition", str(error)))]
