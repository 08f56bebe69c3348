"""The loop that an ingest is compared with: it stores what comes and understands nothing."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from core.records import insert_new, write
from core.runtime.database import Database
from core.runtime.envelope import Envelope
from core.runtime.transport import Message
from core.telemetry import tables
from core.telemetry.names import Names


class Bare:
    """Raw rows and latest state, and nothing else."""

    def __init__(self, database: Database, ids: dict[str, int], names: tuple[int, int]) -> None:
        self.database, self.ids, self.names = database, ids, names

    @classmethod
    async def of(cls, database: Database) -> "Bare":
        names = Names()
        async with database.begin() as connection:
            found = await connection.execute(text("SELECT sn, id FROM systems"))
            channels = await names.channels(connection, [_CHANNEL])
            decoders = await names.decoders(connection, [_DECODER])
            ids = {row.sn: row.id for row in found}
        return cls(database, ids, (channels[_CHANNEL], decoders[_DECODER]))

    async def take(self, batch: Sequence[Message]) -> None:
        rows = [self._row(message) for message in batch]
        last = {row[0]: row for row in rows}
        states = [
            (id_, *_CHANNEL, device_time, boot_id, sequence, device_time, now, b"", "")
            for id_, (_, _, device_time, boot_id, sequence, now, *_) in sorted(last.items())
        ]
        async with self.database.begin() as connection:
            await insert_new(connection, tables.frames, _FRAME, rows)
            await write(connection, tables.latest, _LATEST, states, _NEWER)

    def _row(self, message: Message) -> tuple[Any, ...]:
        envelope, now = Envelope.parse(message.payload), int(time.time() * 1000)
        channel_id, decoder_id = self.names
        key = (self.ids[message.topic.split("/", 2)[1]], channel_id, envelope.device_time)
        return (*key, envelope.boot_id, envelope.sequence, now, decoder_id, envelope.body)


_CHANNEL = ("inverter", "running")
_DECODER = ("1.0.0", "inverters.load")
_FRAME = (
    "system_id", "channel_id", "device_time", "boot_id", "sequence", "receive_time", "decoder_id",
    "body",
)  # fmt: skip
_LATEST = (
    "system_id", "slot", "channel", "as_of", "boot_id", "sequence", "device_time", "receive_time",
    "readings", "raised",
)  # fmt: skip
_NEWER = (
    "ON CONFLICT (system_id, slot, channel) DO UPDATE SET as_of = excluded.as_of, "
    "boot_id = excluded.boot_id, sequence = excluded.sequence, "
    "device_time = excluded.device_time, receive_time = excluded.receive_time "
    "WHERE excluded.as_of >= latest.as_of"
)
