"""Reminds people of faults: looks for new ones, and writes the messages that are due.

Matching faults and writing messages is one transaction each round, by one worker at a time; what
is written waits in the outbox of the notifier. So a kill at any moment tells nobody twice.
"""

import logging
from typing import Final

from attrs import define, evolve

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
    """Part of the worker: an indexed look every few seconds where nothing is new."""

    database: Database
    composer: Composer
    clock: Clock = clock.now

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
        async with self.database.begin() as connection:
            known = await rules.enabled(connection)
            if await matching.take_in(connection, known, now) is None:
                return 0
            await matching.settle(connection, now)
            written = await telling.tell(connection, known, self.composer, now)
        if written:
            LOGGER.info("%d messages of faults are written", written)
        return written
