"""Sends queued commands, and watches over those on their way.

A command becomes SENT in a transaction, and is published after its commit; once the broker has it,
that is noted too. Killed in between, the sender that comes next publishes again what may be sent
twice (a device answers a repeated id with the same result); what may not times out at once.
"""

import logging
from typing import Final

import msgspec
from attrs import define

from core.commanding import delivery
from core.commanding.delivery import Delivery
from core.runtime import clock, rounds, topics
from core.runtime.clock import Clock
from core.runtime.database import Database
from core.runtime.transport import Outgoing, Publisher
from core.thing_model.messages import CommandMessage

LOGGER = logging.getLogger(__name__)
INTERVAL: Final = 0.5


@define(eq=False)
class Outbox:
    """The only sender of commands; two at a time would publish some of them twice."""

    database: Database
    publisher: Publisher
    clock: Clock = clock.now

    async def run(self) -> None:
        """Work until cancelled."""
        await rounds.repeat(self.work, INTERVAL)

    async def work(self) -> None:
        """Note what is proven, end what is over, and send what is due."""
        now = self.clock()
        async with self.database.read() as connection:
            if not await delivery.is_pending(connection, now):
                return
        async with self.database.begin() as connection:
            over = await delivery.prove(connection, now)
            over += await delivery.expire(connection, now)
            due = await delivery.unconfirmed(connection, now)
            due += await delivery.claim(connection, now)
        for record in over:
            LOGGER.info("command %s %s: %s", record.id, record.state, record.reason)
        if due:
            await rounds.publish(self.publisher, [_message(each) for each in due])
            async with self.database.begin() as connection:
                await delivery.confirm(connection, due, self.clock())


def _message(delivery: Delivery) -> Outgoing:
    record = delivery.record
    message = CommandMessage(
        record.id,
        record.slot,
        record.name,
        dict(record.parameters),
        record.expires_at,
        record.frame.hex(),
    )
    return Outgoing(topics.command(delivery.sn), msgspec.json.encode(message))
