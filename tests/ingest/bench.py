"""An ingest without a broker: the test hands messages over and sees what is acknowledged."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Self

import attrs
import msgspec
from sqlalchemy import text

from core.runtime import topics
from core.runtime.database import Database
from core.runtime.envelope import Envelope
from core.runtime.ingest import Ingest
from core.runtime.transport import Message, Outgoing
from core.telemetry import dead_letters
from core.telemetry.dead_letters import DeadLetter
from core.telemetry.readings import Readings, latest_of
from core.thing_model.layout.fields import Value
from tests.devices import SN, START

HOUR = 3_600_000


@attrs.define
class Desk:
    """A consumer that delivers nothing, and a publisher that sends nothing."""

    acknowledged: list[Message] = attrs.field(factory=list)
    published: list[Outgoing] = attrs.field(factory=list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""

    async def batches(self, *_: Any) -> AsyncIterator[Sequence[Message]]:
        for batch in ():
            yield batch

    async def acknowledge(self, batch: Iterable[Message]) -> None:
        self.acknowledged += batch

    async def publish(self, topic: str, payload: bytes, **options: Any) -> None:
        self.published.append(Outgoing(topic, payload, **options))

    async def publish_many(self, messages: Iterable[Outgoing]) -> None:
        self.published += messages


@attrs.define(repr=False)
class Bench:
    """An ingest whose clock the test sets; `system_id` is that of the device SN."""

    database: Database
    ingest: Ingest
    desk: Desk
    system_id: int
    now: int = START + HOUR

    async def take(self, *messages: Message) -> None:
        """Take these messages in as one batch."""
        await self.ingest.take(messages)
        assert self.desk.acknowledged[-len(messages) :] == list(messages)

    async def readings(self) -> Readings:
        async with self.database.read() as connection:
            return await latest_of(connection, self.system_id)

    async def value(self, key: str, slot: str = "inverter") -> Value:
        return (await self.readings())[slot, key].value

    async def letters(self, **wanted: Any) -> list[DeadLetter]:
        async with self.database.read() as connection:
            return await dead_letters.page(connection, **wanted)

    async def codes(self) -> list[str]:
        """Codes of the dead letters, oldest first."""
        return [letter.code for letter in reversed(await self.letters())]

    async def count(self, table: str) -> int:
        async with self.database.read() as connection:
            found = await connection.execute(text(f"SELECT count(*) FROM {table}"))
            return int(found.scalar_one())


def presence(sn: str = SN, **said: Any) -> Message:
    """A birth message or last will."""
    return Message(topics.presence(sn), msgspec.json.encode({"online": True, **said}), None)


def log(sequence: int, body: str, sn: str = SN, slot: str = "inverter") -> Message:
    """A message of a device's log."""
    envelope = Envelope(1, sequence, START + sequence, body.encode())
    return Message(topics.log(sn, slot), envelope.pack(), None)


def ack(sequence: int, sn: str = SN, **said: Any) -> Message:
    """What a device says of a command."""
    envelope = Envelope(1, sequence, START + sequence, msgspec.json.encode(said))
    return Message(topics.ack(sn), envelope.pack(), None)
