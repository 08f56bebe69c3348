"""Reminds people of faults: looks for new ones, and writes the messages that are due.

Faults are matched some at a time, and messages of a rule written with what they tell noted as told,
each in a transaction, by one worker at a time. What is written waits in the outbox of the notifier.
So a kill at any moment tells nobody twice.
"""

import logging
from typing import Final

from attrs import define, evolve, field

from core.notifications import matching, rules, telling
from core.notifications.composing import Composer
from core.registry import Registry
from core.runtime import clock, rounds
from core.runtime.clock import Clock
from core.runtime.database import Database

LOGGER = logging.getLogger(__name__)
INTERVAL: Final = 3.0


@define(eq=False)
class Reminders:
    """Part of the worker: an indexed look every few seconds where nothing is new.

    seen: faults behind the cursor that this worker has matched already.
    """

    database: Database
    composer: Composer
    clock: Clock = clock.now
    seen: set[int] = field(factory=set[int])

    async def adopt(self, registry: Registry) -> None:
        """Find the names of faults in this registry."""
        self.composer = evolve(self.composer, registry=registry)

    async def run(self) -> None:
        """Work until cancelled; while the database does not answer, faults wait."""
        await rounds.repeat(self.work, INTERVAL)

    async def work(self) -> int:
        """Look once; returns how many messages were written."""
        now = self.clock()
        async with self.database.read() as connection:
            if not await matching.is_due(connection, now):
                return 0
        if not await self._match(now):
            return 0
        async with self.database.read() as connection:
            due = await matching.due_rules(connection, now)
        written = sum([await self._tell(rule_id, now) for rule_id in due])
        if written:
            LOGGER.info("%d messages of faults are written", written)
        return written

    async def _tell(self, rule_id: int, now: int) -> int:
        """Write what is due of a rule that is still there."""
        async with self.database.begin() as connection:
            if await matching.lock(connection, now) is None:
                return 0
            found = await rules.enabled(connection, only=rule_id)
            return sum([await telling.tell(connection, r, self.composer, now) for r in found])

    async def _match(self, now: int) -> bool:
        """Match what is new, some faults in a transaction; False where another worker is at it."""
        last: int | None = None
        while True:
            async with self.database.begin() as connection:
                place = await matching.lock(connection, now)
                if place is None:
                    return False
                last = place.fault_id if last is None else last
                known = await rules.enabled(connection)
                found = await matching.take_in(connection, known, last, self.seen, now)
                last = found[-1] if found else last
                over = len(found) < matching.BATCH
                begin = place.fault_id
                if over:
                    begin = await matching.advance(connection, place, last, now)
                    await matching.settle(connection, now)
            self.seen.update(found)
            if over:
                self.seen = {number for number in self.seen if number > begin}
                return True
