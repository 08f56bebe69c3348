"""Carries out commands: once each, in one write, and reads back what they were to change."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from attrs import define, field

from core.runtime.clock import Clock, now
from core.runtime.collector.line import Line
from core.runtime.collector.modbus import ModbusError
from core.runtime.collector.outbox import OutboxError
from core.runtime.collector.plan import PolledSlot
from core.runtime.collector.polling import Poller
from core.runtime.collector.sending import Keeper
from core.thing_model.command import Command
from core.thing_model.layout.framing import ModbusWrite
from core.thing_model.messages import Acknowledgement, AckStatus, CommandMessage
from core.thing_model.polling import register_write
from core.thing_model.problems import DecodeError

LOGGER = logging.getLogger(__name__)
READ_BACK_AFTER: Final = (0.0, 1.0, 3.0)
"""Seconds after a write at which the device is asked what it now says; some take a moment."""
PATIENCE: Final = 5.0
"""Seconds that a device has to answer a write; longer than for a read, for it may store it."""
CUT_OFF = "the collector was ended while it wrote: whether it was applied, the readings show"

Taken = tuple[CommandMessage, Callable[[], None]]


class RefusedError(Exception):
    """A command that is not carried out, and why."""


@define(eq=False)
class Obeyer:
    """Commands in the order in which they come."""

    pollers: Mapping[str, Poller]
    lines: Mapping[str, Line]
    keeper: Keeper
    allowed: bool = True
    clock: Clock = now
    _taken: asyncio.Queue[Taken] = field(init=False, factory=asyncio.Queue[Taken])

    async def run(self) -> None:
        """Finish what was cut off, then obey until cancelled."""
        for id_ in await asyncio.to_thread(self.keeper.outbox.unfinished):
            await self._answer(id_, "failed", CUT_OFF)
        while True:
            message, acknowledge = await self._taken.get()
            try:
                await self.obey(message, acknowledge)
            except OutboxError as error:  # not acknowledged: the broker brings it again
                LOGGER.error("command %s waits: %s", message.id, error)  # noqa: TRY400

    def take(self, payload: bytes, acknowledge: Callable[[], None]) -> None:
        """A message from the broker; one that cannot be read is said in the log."""
        try:
            message = msgspec.json.decode(payload, type=CommandMessage)
        except msgspec.DecodeError as error:
            LOGGER.warning("a command cannot be read: %s", error)
            acknowledge()
        else:
            self._taken.put_nowait((message, acknowledge))

    async def obey(self, message: CommandMessage, acknowledge: Callable[[], None]) -> None:
        """Carry it out, or repeat what was answered if it is known.

        `acknowledge` is called when the command is on the disk: from then on it is ours. Nothing
        is written to a device whose command could not be kept.
        """
        known = await asyncio.to_thread(self.keeper.outbox.command, message.id)
        if known is not None:
            await self.keeper.answer(known)
            acknowledge()
            return
        try:
            polled, command, framing, body = self._understood(message)
        except RefusedError as error:
            await self._answer(message.id, "rejected", str(error))
            acknowledge()
            return
        await self._answer(message.id, "accepted")
        acknowledge()
        await self._answer(message.id, "running")
        if await self._written(message.id, polled, framing, body):
            await self._read_back(polled, command, message)

    async def _written(
        self, id_: str, polled: PolledSlot, framing: ModbusWrite, body: bytes
    ) -> bool:
        """Write, and answer how it went; False if the device has refused it."""
        line = self.lines[polled.slot]
        try:
            await line.write(framing.function, framing.address, body, polled.unit, PATIENCE)
        except ModbusError as error:
            refused = error.fault == "exception"
            outcome = "" if refused else "; whether it was applied is not known"
            await self._answer(id_, "failed", f"{error.fault}: {error}{outcome}")
            return not refused
        await self._answer(id_, "succeeded")
        return True

    def _understood(
        self, message: CommandMessage
    ) -> tuple[PolledSlot, Command, ModbusWrite, bytes]:
        """Whom it is for and what is to be written; raises RefusedError."""
        if message.expires_at <= self.clock():
            raise RefusedError("expired before it could be carried out")
        if not self.allowed:
            raise RefusedError("this site carries out no commands (commands = false)")
        poller = self.pollers.get(message.slot)
        if poller is None:
            raise RefusedError(f"this site has no slot {message.slot!r}")
        polled = poller.reader.polled
        command = polled.part.commands.get(message.command)
        if command is None:
            raise RefusedError(f"{polled.part.mounted.model} has no command {message.command!r}")
        framing = register_write(command.writes)
        if framing is None:
            raise RefusedError(f"{message.command} is not a write of Modbus registers")
        try:
            body = framing.unwrap(bytes.fromhex(message.frame))
        except (ValueError, DecodeError) as error:
            raise RefusedError(f"its frame is not the declared write: {error}") from None
        return polled, command, framing, body

    async def _answer(self, id_: str, status: AckStatus, detail: str = "") -> None:
        await self.keeper.answer(Acknowledgement(id_, status, detail[:1000]))

    async def _read_back(
        self, polled: PolledSlot, command: Command, message: CommandMessage
    ) -> None:
        """Publish what the device says now, until it says what was written or time is up."""
        channels = polled.holding(command.reads_back)
        if not channels:
            return
        poller = self.pollers[polled.slot]
        wanted = {**command.constants, **message.parameters}
        for seconds in READ_BACK_AFTER:
            await asyncio.sleep(seconds)
            said = await poller.read_values(channels)
            if all(said.get(key) == wanted.get(key) for key in command.reads_back if key in wanted):
                return
