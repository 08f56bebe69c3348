"""Forgets what is over in accounts: sessions and tickets."""

import logging
from typing import Final

from attrs import define

from core.accounts import sessions, tickets
from core.accounts.policy import USUAL, Policy
from core.runtime import clock, rounds
from core.runtime.clock import Clock
from core.runtime.database import Database

LOGGER = logging.getLogger(__name__)
INTERVAL: Final = 600.0


@define(eq=False)
class AccountSweep:
    """Part of the worker. Two at a time do no harm."""

    database: Database
    policy: Policy = USUAL
    clock: Clock = clock.now

    async def run(self) -> None:
        """Sweep every ten minutes until cancelled."""
        await rounds.repeat(self.sweep, INTERVAL)

    async def sweep(self) -> int:
        """Forget what is over now; returns how many rows that were."""
        now = self.clock()
        async with self.database.begin() as connection:
            gone = await sessions.sweep(connection, now, self.policy)
            gone += await tickets.sweep(connection, now)
        if gone:
            LOGGER.info("%d sessions and tickets are over", gone)
        return gone
