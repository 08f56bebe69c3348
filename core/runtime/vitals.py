"""Which systems were heard, and what status follows: noted with what they sent."""

from collections.abc import Iterable, Sequence

from attrs import define, field
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet import status, systems
from core.fleet.status import NEW_FOR, Sign
from core.fleet.tables import Status
from core.journal.faults import Closed, Opened
from core.telemetry.frames import Mark
from core.thing_model.product import OFFLINE_AFTER


@define(eq=False)
class Vitals:
    """Notes that systems were heard, and their status.

    offline_after: seconds, where a product model says nothing else; new_for: milliseconds.
    A system is noted once in a while only (`status.step_of`), because the column that the sweep
    looks into is indexed, and every note of it costs as much as a frame.
    """

    offline_after: int = OFFLINE_AFTER
    new_for: int = NEW_FOR
    _noted: dict[int, int] = field(factory=dict[int, int])

    async def note(
        self,
        connection: AsyncConnection,
        marks: Iterable[Mark],
        changed: Sequence[Opened | Closed],
        now: int,
    ) -> set[int]:
        """Note who was heard; returns the systems to `remember` once that is committed."""
        faulty = {each.system_id for each in changed}
        signs = {
            mark.system_id: self._sign(mark)
            for mark in marks
            if mark.system_id in faulty or self._is_due(mark, now)
        }
        statuses = await status.hear(connection, signs, now)
        await status.judge(
            connection, statuses, signs, changed, now=now, new_until=now + self.new_for
        )
        return set(signs)

    async def note_past(
        self,
        connection: AsyncConnection,
        marks: Iterable[Mark],
        changed: Sequence[Opened | Closed],
        now: int,
    ) -> None:
        """Note a message that is only now taken in: no news of a system, though of its faults."""
        await systems.note_frames(connection, {mark.system_id for mark in marks}, now)
        if changed:
            found = await status.of(connection, {each.system_id for each in changed})
            present: dict[int, Status] = {
                id_: is_now for id_, is_now in found.items() if is_now != "offline"
            }
            seen = [each for each in changed if each.system_id in present]
            await status.judge(connection, present, {}, seen, now=now, new_until=now + self.new_for)

    def remember(self, system_ids: Iterable[int], now: int) -> None:
        self._noted.update(dict.fromkeys(system_ids, now))

    def _is_due(self, mark: Mark, now: int) -> bool:
        noted = self._noted.get(mark.system_id)
        return noted is None or now - noted >= status.step_of(self._seconds(mark))

    def _sign(self, mark: Mark) -> Sign:
        seconds = self._seconds(mark)
        silent_after = seconds * 1000 + status.step_of(seconds)
        return Sign(mark.system_id, mark.device_time, silent_after)

    def _seconds(self, mark: Mark) -> int:
        own = mark.offline_after
        return self.offline_after if own == OFFLINE_AFTER else own
