"""The loop that an ingest is compared with: it stores what comes and understands nothing."""

import time
from collections.abc import Sequence

from sqlalchemy import text

from core.records import insert_new, write
from core.runtime.database import Database
from core.runtime.envelope import Envelope
from core.runtime.transport import Message
from core.telemetry import tables


class Bare:
    """Raw rows and latest state, and nothing else."""

    def __init__(self, database: Database, ids: dict[str, int]) -> None:
        self.database, self.ids = database, ids

    @classmethod
    async def of(cls, database: Database) -> "Bare":
        async with database.read() as connection:
            found = await connection.execute(text("SELECT sn, id FROM systems"))
            return cls(database, {row.sn: row.id for row in found})

    async def take(self, batch: Sequence[Message]) -> None:
        rows = [self._row(message) for message in batch]
        last = {row[0]: row for row in rows}
        states = [(*row[:3], row[5], *row[3:7], b"", "") for _, row in sorted(last.items())]
        async with self.database.begin() as connection:
            await insert_new(connection, tables.frames, _FRAME, rows)
            await write(connection, tables.latest, _LATEST, states, _NEWER)

    def _row(self, message: Message) -> tuple[object, ...]:
        payload, now = message.payload, int(time.time() * 1000)
        envelope = Envelope.parse(payload)
        head = (self.ids[message.topic.split("/", 2)[1]], "inverter", "running")
        at = (envelope.boot_id, envelope.sequence, envelope.device_time, now)
        return (*head, *at, "1.0.0", "inverters.load", envelope.body)


_KEY = ("system_id", "slot", "channel")
_AT = ("boot_id", "sequence", "device_time", "receive_time")
_FRAME = (*_KEY, *_AT, "product_version", "plugin", "body")
_LATEST = (*_KEY, "as_of", *_AT, "readings", "raised")
_NEWER = (
    "ON CONFLICT (system_id, slot, channel) DO UPDATE SET as_of = excluded.as_of, "
    "boot_id = excluded.boot_id, sequence = excluded.sequence, "
    "device_time = excluded.device_time, receive_time = excluded.receive_time "
    "WHERE excluded.as_of >= latest.as_of"
)
