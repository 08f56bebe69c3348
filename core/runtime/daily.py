"""Makes the days whose roll-ups changed, oldest first, some systems in a transaction.

Killed in between, nothing is half made: a mark goes in the transaction that makes its days. Any
number of workers may do this; each leaves out the systems that another one is at.
"""

import logging
from typing import Final

from attrs import define

from core.registry import Registry
from core.runtime import clock, rounds
from core.runtime.clock import Clock
from core.runtime.database import Database
from core.telemetry import day_sums, fleet_hours, stale
from core.telemetry.periods import HOUR

LOGGER = logging.getLogger(__name__)
INTERVAL: Final = 2.0
SYSTEMS: Final = 20
"""In a transaction: on SQLite ingest waits for it."""
CANDIDATES: Final = 200
"""More than one worker takes at once, so that several find work beside each other."""


@define(eq=False)
class Daily:
    """Makes what is due every few seconds: an indexed look where nothing is."""

    registry: Registry
    database: Database
    clock: Clock = clock.now
    _forgot: int = 0

    async def adopt(self, registry: Registry) -> None:
        """Find the models of systems in this registry."""
        self.registry = registry

    async def run(self) -> None:
        """Work until cancelled; while the database does not answer, days wait."""
        await rounds.repeat(self.work, INTERVAL)

    async def work(self) -> int:
        """Make all that is due; returns how many days were made."""
        now, made = self.clock(), 0
        if now - self._forgot >= HOUR:
            async with self.database.begin() as connection:
                await fleet_hours.forget(connection, now)
            self._forgot = now
        while True:
            async with self.database.read() as connection:
                due = await stale.due_systems(connection, now, CANDIDATES)
            found = 0
            for n in range(0, len(due), SYSTEMS):
                async with self.database.begin() as connection:
                    done = await day_sums.make(connection, self.registry, due[n : n + SYSTEMS], now)
                found += done.days
                if done.postponed:
                    LOGGER.warning(
                        "days of %d systems wait: their product models are not loaded",
                        done.postponed,
                    )
            made += found
            if not found:  # nothing is due, or another worker has it
                return made
