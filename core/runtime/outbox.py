"""Sends queued commands, and watches over those on their way.

A command becomes SENT in a transaction, and is published after its commit; once the broker has it,
that is noted too. Killed in between, the sender that comes next publishes again what may be sent
twice (a device answers a repeated id with the same result); what may not times out instead.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

import msgspec
from attrs import define

from core.commanding import delivery
from core.commanding.commands import CommandRecord
from core.commanding.delivery import Delivery
from core.runtime import clock, topics
from core.runtime.clock import Clock
from core.runtime.database import Database, cause, trouble
from core.runtime.transport import Outgoing, Publisher
from core.thing_model.messages import CommandMessage

LOGGER = logging.getLogger(__name__)
INTERVAL: Final = 0.5
PATIENCE: Final = 10.0


@define(eq=False)
class Outbox:
    """The only sender of commands; two at a time would publish some of them twice."""

    database: Database
    publisher: Publisher
    clock: Clock = clock.now

    async def run(self) -> None:
        """Work until cancelled; while database or broker do not answer, commands wait."""
        while True:
            try:
                await self.work()
            except TimeoutError:
                LOGGER.warning("the broker takes no commands, trying again")
            except Exception as error:
                if trouble(error) != "away":
                    raise
                LOGGER.warning("the database does not answer, trying again: %s", cause(error))
            await asyncio.sleep(INTERVAL)

    async def work(self) -> None:
        """End what is over, note what is proven, and send what is due."""
        now = self.clock()
        async with self.database.read() as connection:
            if not await delivery.is_pending(connection, now):
                return
        async with self.database.begin() as connection:
            over = await delivery.expire(connection, now)
            over += await delivery.prove(connection, now)
            due = await delivery.unconfirmed(connection)
            due += await delivery.claim(connection, now)
        for record in over:
            LOGGER.info("command %s %s: %s", record.id, record.state, record.reason)
        if due:
            await self._send(due)

    async def _send(self, due: Sequence[Delivery]) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.publisher.publish_many([_message(each.sn, each.record) for each in due])
        async with self.database.begin() as connection:
            await delivery.confirm(connection, due, self.clock())


def _message(sn: str, record: CommandRecord) -> Outgoing:
    message = CommandMessage(
        record.id,
        record.slot,
        record.name,
        dict(record.parameters),
        record.expires_at,
        record.frame.hex(),
    )
    return Outgoing(topics.command(sn), msgspec.json.encode(message))
