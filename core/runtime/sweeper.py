"""Finds what time alone changes: systems that fell silent, and those that are new no longer.

Any number of workers may sweep; each takes other systems, some thousands in a transaction.
"""

import logging
from typing import Final

from attrs import define

from core.fleet import counters, groups, status
from core.runtime import clock, rounds
from core.runtime.clock import Clock
from core.runtime.database import Database

LOGGER = logging.getLogger(__name__)
INTERVAL: Final = 2.0


@define(eq=False)
class Sweeper:
    """One sweep every few seconds: an indexed look where nothing is due."""

    database: Database
    clock: Clock = clock.now

    async def run(self) -> None:
        """Work until cancelled; while the database does not answer, nothing falls silent."""
        await rounds.repeat(self.work, INTERVAL)

    async def work(self) -> int:
        """Make offline what is silent, end newness, fold counts; returns how many fell silent."""
        now, silent = self.clock(), 0
        while await self._is_due(now):
            async with self.database.begin() as connection:
                gone = await status.silence(connection, now)
                ended = await status.end_newness(connection, now)
            silent += gone
            if not gone + ended:  # another worker has them
                break
        if not self.database.is_sqlite:
            async with self.database.begin() as connection:
                await counters.fold(connection)
                await groups.fold(connection)
        if silent:
            LOGGER.info("%d systems are offline", silent)
        return silent

    async def _is_due(self, now: int) -> bool:
        async with self.database.read() as connection:
            return await status.is_due(connection, now)
