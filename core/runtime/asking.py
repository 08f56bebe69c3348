"""Asks devices for what is missing, and follows what comes back.

A request is published, and noted as sent after that: killed in between, it is published again,
which harms nothing, for a device sends again whatever it is asked for, and frames are kept once.
"""

import logging
from typing import Final

import msgspec
from attrs import define

from core.runtime import clock, rounds, topics
from core.runtime.clock import Clock
from core.runtime.database import Database
from core.runtime.transport import Outgoing, Publisher
from core.telemetry import backfill
from core.telemetry.backfill import RequestRecord
from core.thing_model.messages import BackfillRequest

LOGGER = logging.getLogger(__name__)
INTERVAL: Final = 2.0


@define(eq=False)
class Asker:
    """Asks for gaps by itself once they did not close, and sends what people request."""

    database: Database
    publisher: Publisher
    clock: Clock = clock.now

    async def run(self) -> None:
        """Work until cancelled."""
        await rounds.repeat(self.work, INTERVAL)

    async def work(self) -> None:
        """End what is over, ask for what is due, and send."""
        now = self.clock()
        async with self.database.read() as connection:
            if not await backfill.is_pending(connection, now):
                return
        async with self.database.begin() as connection:
            over = await backfill.finish(connection, now)
            await backfill.ask_due(connection, now)
            due = await backfill.to_send(connection)
        for each in over:
            LOGGER.info("request %s %s: %d of %d", each.id, each.state, each.returned, each.asked)
        if due:
            await rounds.publish(self.publisher, [_message(sn, each) for sn, each in due])
            async with self.database.begin() as connection:
                await backfill.mark_sent(connection, [each.id for _, each in due], self.clock())


def _message(sn: str, record: RequestRecord) -> Outgoing:
    message = BackfillRequest(record.id, record.boot_id, list(record.ranges), record.expires_at)
    return Outgoing(topics.backfill_request(sn), msgspec.json.encode(message))
