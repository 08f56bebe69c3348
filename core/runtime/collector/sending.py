"""From the outbox to the broker: live frames first, what was kept meanwhile as backfill."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

import msgspec
from attrs import define, field

from core.runtime import topics
from core.runtime.clock import Clock, now
from core.runtime.collector.outbox import Entry, Note, Outbox, OutboxError
from core.runtime.envelope import Envelope
from core.runtime.mqtt_connection import ConnectionLostError, MqttConnection
from core.runtime.mqtt_link import Link
from core.runtime.transport import Outgoing
from core.thing_model.messages import Acknowledgement

LOGGER = logging.getLogger(__name__)
GATHERING: Final = 0.05
"""Seconds in which notes gather for one write to the disk."""
LATE_AT_ONCE: Final = 100
AGAIN: Final = 0.2


@define(eq=False)
class Keeper:
    """Stores notes, many of them with one write; knows when there is something to send."""

    outbox: Outbox
    log_slot: str
    clock: Clock = now
    arrived: asyncio.Event = field(factory=asyncio.Event)
    missed: int = field(init=False, default=0)
    _queue: list[tuple[Note, asyncio.Future[None]]] = field(
        init=False, factory=list[tuple[Note, "asyncio.Future[None]"]]
    )
    _wanted: asyncio.Event = field(init=False, factory=asyncio.Event)

    async def keep(self, notes: Sequence[Note]) -> None:
        """Return when they are on the disk; raises OutboxError if they cannot be."""
        loop = asyncio.get_running_loop()
        waiting = [(note, loop.create_future()) for note in notes]
        self._queue += waiting
        self._wanted.set()
        for _, stored in waiting:
            await stored

    async def log(self, line: str, slot: str = "") -> None:
        """Keep a line for the log of a slot; what cannot be kept is in the log of the process."""
        LOGGER.warning("%s", line)
        note = Note("log", slot or self.log_slot, "", self.clock(), line.encode())
        try:
            await self.keep([note])
        except OutboxError as error:
            LOGGER.error("%s", error)  # noqa: TRY400

    async def answer(self, said: Acknowledgement) -> None:
        """Keep an answer to a command and how far it got, in one write."""
        note = Note("ack", "", "", self.clock(), msgspec.json.encode(said))
        await asyncio.to_thread(self.outbox.answer, said, self.clock(), note)
        self.arrived.set()

    async def run(self) -> None:
        """Write what gathers, until cancelled."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(GATHERING)
            self._wanted.clear()
            batch, self._queue = self._queue, []
            try:
                await asyncio.to_thread(self.outbox.append, [note for note, _ in batch])
            except OutboxError as error:
                self._fail(batch, error)
                continue
            for _, stored in batch:
                if not stored.done():
                    stored.set_result(None)
            self.arrived.set()
            await self._bound()

    def _fail(
        self, batch: Sequence[tuple[Note, "asyncio.Future[None]"]], error: OutboxError
    ) -> None:
        self.missed += sum(note.kind == "frame" for note, _ in batch)
        for _, stored in batch:
            if not stored.done():
                stored.set_exception(OutboxError(str(error)))

    async def _bound(self) -> None:
        """Hold the limits and say what they cost."""
        lines: list[str] = []
        if dropped := await asyncio.to_thread(self.outbox.shrink):
            lines.append(
                f"collector: outbox above its limit, {dropped} oldest frames dropped unsent "
                f"({self.outbox.dropped} in all)"
            )
        if self.missed:
            lines.append(f"collector: {self.missed} frames could not be stored, the disk was full")
            self.missed = 0
        for line in lines:
            LOGGER.warning("%s", line)
            note = Note("log", self.log_slot, "", self.clock(), line.encode())
            await asyncio.to_thread(self.outbox.append, [note])


@define(eq=False)
class Sender:
    """Publishes what is unsent; an entry counts as sent when the broker has confirmed it."""

    sn: str
    keeper: Keeper
    link: Link

    async def run(self) -> None:
        """Send until cancelled, through reconnections."""
        while True:
            connection = await self.link.connected()
            boundary = await asyncio.to_thread(self.keeper.outbox.last)
            try:
                await self._drain(connection, boundary)
            except ConnectionLostError:
                await asyncio.sleep(AGAIN)

    async def _drain(self, connection: MqttConnection, boundary: int) -> None:
        """Everything up to `boundary` was kept before this connection: it goes out as backfill."""
        outbox = self.keeper.outbox
        while True:
            self.keeper.arrived.clear()
            live = await asyncio.to_thread(outbox.unsent, after=boundary)
            await self._publish(connection, live, late=False)
            late = await asyncio.to_thread(outbox.unsent, upto=boundary, limit=LATE_AT_ONCE)
            await self._publish(connection, late, late=True)
            if not live and not late:
                await self._more(connection)

    async def _more(self, connection: MqttConnection) -> None:
        """Wait for the next entry, or notice that the connection has gone."""
        try:
            async with asyncio.timeout(1):
                await self.keeper.arrived.wait()
        except TimeoutError:
            if self.link.connection is not connection:
                raise ConnectionLostError("the connection was lost") from None

    async def _publish(
        self, connection: MqttConnection, entries: Sequence[Entry], *, late: bool
    ) -> None:
        if not entries:
            return
        sending = [connection.publish(self._message(entry, late=late)) for entry in entries]
        results = await asyncio.gather(*sending, return_exceptions=True)
        confirmed = [e for e, result in zip(entries, results, strict=True) if result is None]
        if confirmed:
            await asyncio.to_thread(self.keeper.outbox.sent, confirmed)
        if failed := [result for result in results if isinstance(result, BaseException)]:
            raise failed[0]

    def _message(self, entry: Entry, *, late: bool) -> Outgoing:
        header = Envelope(entry.boot_id, entry.sequence, entry.device_time, entry.body)
        return Outgoing(self._topic(entry, late=late), header.pack())

    def _topic(self, entry: Entry, *, late: bool) -> str:
        if entry.kind == "ack":
            return topics.ack(self.sn)
        if entry.kind == "log":
            return topics.log(self.sn, entry.slot)
        made = topics.backfill if late else topics.frame
        return made(self.sn, entry.slot, entry.channel)
