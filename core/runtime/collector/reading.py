"""Reads channels as their frames, and learns on the way what a device allows."""

import struct
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from attrs import define, field

from core.runtime.collector.chain import ChainError, FoundModel, walk
from core.runtime.collector.line import Line, Manner
from core.runtime.collector.modbus import ILLEGAL, ModbusError
from core.runtime.collector.plan import PolledChannel, PolledSlot
from core.thing_model.polling import RegisterRead

REST: Final = 3600.0
"""Seconds until a channel that the device refuses is tried again."""

Part = tuple[int, int]


class RestingError(Exception):
    """A channel is left alone for a while, because the device refuses it; says what it refuses."""


@define(eq=False)
class Blocks:
    """How one channel is read: what is left of its counts, and the parts it had to be cut into."""

    read: RegisterRead
    most: int
    counts: list[int] = field(init=False)
    parts: tuple[Part, ...] = field(init=False)
    cut: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self.counts = list(self.read.counts)
        self._whole()

    def _whole(self) -> None:
        self.parts, self.cut = self.read.parts(self.counts[0], self.most), False

    def fewer(self) -> bool:
        """After a refusal: ask for the next smaller number of registers, if there is one."""
        if len(self.counts) == 1:
            return False
        del self.counts[0]
        self._whole()
        return True

    def smaller(self, refused: Part) -> bool:
        """After a refusal: cut the part that was refused in two, if no value is torn by it."""
        halves = self.read.halves(*refused)
        at = self.parts.index(refused)
        self.parts = (*self.parts[:at], *halves, *self.parts[at + 1 :])
        self.cut = True
        return len(halves) > 1


@define(eq=False)
class SlotReader:
    """Reads the channels of one component. Not for two tasks at a time."""

    polled: PolledSlot
    line: Line
    clock: Callable[[], float] = time.monotonic
    manner: Manner = field(init=False)
    notes: list[str] = field(init=False, factory=list[str])
    _blocks: dict[str, Blocks] = field(init=False, factory=dict[str, Blocks])
    _resting: dict[str, tuple[float, str]] = field(init=False, factory=dict[str, tuple[float, str]])
    _models: tuple[FoundModel, ...] | None = field(init=False, default=None)
    _walked: int = field(init=False, default=-1)

    def __attrs_post_init__(self) -> None:
        given = self.polled.given
        self.manner = Manner(given.timeout, given.retries, given.pause)

    async def frame(self, channel: PolledChannel) -> bytes:
        """The frame of a channel; raises ModbusError, ChainError or RestingError."""
        until, why = self._resting.get(channel.name, (0.0, ""))
        if self.clock() < until:
            raise RestingError(why)
        if channel.read is None:
            return await self._model(channel)
        registers = await self._registers(channel, channel.read)
        return channel.read.frame(registers, channel.unit)

    def wake(self) -> None:
        """Try again what was left alone."""
        self._resting.clear()

    async def _registers(self, channel: PolledChannel, read: RegisterRead) -> bytes:
        most = self.polled.given.max_registers
        blocks = self._blocks.setdefault(channel.name, Blocks(read, most))
        done: dict[Part, bytes] = {}
        while missing := [part for part in blocks.parts if part not in done]:
            start, count = missing[0]
            try:
                done[missing[0]] = await self.line.read(
                    read.function, start, count, channel.unit, self.manner
                )
            except ModbusError as error:
                if error.exception not in ILLEGAL:
                    raise
                if not (blocks.fewer() or blocks.smaller((start, count))):
                    self._rest(channel, blocks, (start, count), error)
        return b"".join(done[part] for part in blocks.parts)

    def _rest(
        self, channel: PolledChannel, blocks: Blocks, refused: Part, error: ModbusError
    ) -> None:
        first, last = refused[0], refused[0] + refused[1] - 1
        where = f"register {first}" if first == last else f"registers {first} to {last}"
        kind = "input" if blocks.read.function == 4 else "holding"
        why = f"the device refuses {kind} {where}: {error}; left alone for {REST / 60:.0f} min"
        self._blocks.pop(channel.name)
        self._resting[channel.name] = self.clock() + REST, why
        raise RestingError(why)

    async def models(self) -> tuple[FoundModel, ...]:
        """The device's SunSpec models, walked once for each connection."""
        if self._models is None or self._walked != self.line.opened:
            self._models = await walk(self._read_model)
            self._walked = self.line.opened
            self.notes += self._unknown(self._models)
        return self._models

    def _unknown(self, found: tuple[FoundModel, ...]) -> list[str]:
        """What is in the device and cannot be published."""
        known = {c.channel.decoder.sunspec for c in self.polled.channels}
        notes = [
            f"model {model.number} at {model.address} is skipped: no channel has it"
            for model in found
            if model.number not in known
        ]
        numbers = [model.number for model in found if model.number in known]
        return notes + [
            f"model {number} stands there {times} times: only the first is read"
            for number, times in Counter(numbers).items()
            if times > 1
        ]

    async def _model(self, channel: PolledChannel) -> bytes:
        """The registers of a model; where another stands now, the chain is walked once more."""
        number = channel.channel.decoder.sunspec
        for _ in range(2):
            found = next((m for m in await self.models() if m.number == number), None)
            if found is None:
                why = f"the device has no model {number}"
                self._resting[channel.name] = self.clock() + REST, why
                raise RestingError(why)
            frame = await self._read_model(found.address, found.registers)
            if struct.unpack(">HH", frame[:4]) == (found.number, found.registers - 2):
                return frame
            self._models = None
        raise ChainError(f"the chain of models changes while model {number} is read")

    async def _read_model(self, start: int, count: int) -> bytes:
        most, read = self.polled.given.max_registers, b""
        unit = self.polled.unit
        for first in range(start, start + count, most):
            part = min(most, start + count - first)
            read += await self.line.read(3, first, part, unit, self.manner)
        return read
