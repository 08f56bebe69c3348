"""Reads every channel of a component when it is due, and says what goes wrong and right again."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence

from attrs import define, field

from core.runtime.clock import Clock, now
from core.runtime.collector.chain import ChainError
from core.runtime.collector.modbus import ModbusError
from core.runtime.collector.outbox import Note, OutboxError
from core.runtime.collector.plan import PolledChannel
from core.runtime.collector.reading import RestingError, SlotReader
from core.runtime.collector.sending import Keeper
from core.thing_model.layout.fields import Value
from core.thing_model.problems import DecodeError

LOGGER = logging.getLogger(__name__)


@define(eq=False)
class Poller:
    """One component: its channels by the time they are due, one at a time.

    `frames` counts what was read, `failures` what was not, by kind. A trouble is said in the log
    of the slot when it begins, and when it is over.
    """

    reader: SlotReader
    keeper: Keeper
    clock: Clock = now
    monotonic: Callable[[], float] = time.monotonic
    frames: int = field(init=False, default=0)
    failures: Counter[str] = field(init=False, factory=Counter[str])
    _due: dict[str, float] = field(init=False, factory=dict[str, float])
    _trouble: dict[str, str] = field(init=False, factory=dict[str, str])
    _lock: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    @property
    def slot(self) -> str:
        return self.reader.polled.slot

    async def run(self) -> None:
        """Read until cancelled."""
        channels = self.reader.polled.channels
        while True:
            started = self.monotonic()
            due = [c for c in channels if self._due.get(c.name, 0) <= started]
            await self.read(due)
            for channel in due:
                self._due[channel.name] = started + channel.interval
            rest = min(self._due.values(), default=started + 1) - self.monotonic()
            await asyncio.sleep(max(0, rest))

    async def read_values(self, channels: Sequence[PolledChannel]) -> dict[str, Value]:
        """Read these channels now as well as their turn; what they say, by key."""
        said: dict[str, Value] = {}
        for channel, frame in (await self.read(channels)).items():
            try:
                said |= channel.channel.all_values(frame)
            except DecodeError as error:
                LOGGER.warning("%s %s: %s", self.slot, channel.name, error)
        return said

    async def read(self, channels: Sequence[PolledChannel]) -> dict[PolledChannel, bytes]:
        """Read these channels now and keep their frames; what fails is counted and said."""
        async with self._lock:
            return await self._read(channels)

    async def _read(self, channels: Sequence[PolledChannel]) -> dict[PolledChannel, bytes]:
        frames: dict[PolledChannel, bytes] = {}
        for channel in channels:
            try:
                frame = await self.reader.frame(channel)
                note = Note("frame", self.slot, channel.name, self.clock(), frame)
                await self.keeper.keep([note])
            except ModbusError as error:
                await self._failed(channel, error.fault, str(error))
                if error.fault == "no connection":
                    break
            except ChainError as error:
                await self._failed(channel, "chain", str(error))
            except RestingError as error:
                await self._failed(channel, "refused", str(error))
            except OutboxError as error:
                self.failures["not stored"] += 1
                LOGGER.error("%s: %s", self.slot, error)  # noqa: TRY400
            else:
                self.frames += 1
                frames[channel] = frame
                await self._recovered(channel)
        await self._notes()
        return frames

    async def _failed(self, channel: PolledChannel, kind: str, reason: str) -> None:
        self.failures[kind] += 1
        if self._trouble.get(channel.name) != kind:
            self._trouble[channel.name] = kind
            line = f"collector: {self.slot} {channel.name}: {kind}: {reason}"
            await self.keeper.log(line, self.slot)

    async def _recovered(self, channel: PolledChannel) -> None:
        if kind := self._trouble.pop(channel.name, ""):
            await self.keeper.log(
                f"collector: {self.slot} {channel.name}: {kind} is over", self.slot
            )

    async def _notes(self) -> None:
        notes, self.reader.notes = self.reader.notes, []
        for note in notes:
            await self.keeper.log(f"collector: {self.slot}: {note}", self.slot)
