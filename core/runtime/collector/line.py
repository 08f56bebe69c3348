"""A line that several devices share: one connection, one request at a time, errors counted."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from attrs import define, field, frozen

from core.runtime.collector.modbus import BUSY, Fault, ModbusConnection, ModbusError, settle
from core.runtime.collector.plan import LineAddress
from core.runtime.mqtt_link import Backoff

LOGGER = logging.getLogger(__name__)
BUSY_DELAY: Final = 0.5
HURT: Final[tuple[Fault, ...]] = ("no answer", "wrong CRC", "truncated", "wrong unit")
"""After these something may still be on its way."""

T = TypeVar("T")


@frozen
class Manner:
    """How a device wants to be asked: seconds of patience and silence, and attempts in vain."""

    timeout: float = 2.0
    retries: int = 1
    pause: float = 0.0


@define(eq=False)
class Line:
    """Holds the connection, makes it anew when it is lost, and lets one ask at a time.

    `faults` counts what went wrong, by unit and kind; `asked` counts requests.
    """

    address: LineAddress
    backoff: Backoff = field(factory=lambda: Backoff(0.5, 60))
    clock: Callable[[], float] = time.monotonic
    faults: Counter[tuple[int, Fault]] = field(factory=Counter[tuple[int, Fault]])
    asked: int = 0
    opened: int = 0
    _connection: ModbusConnection = field(init=False)
    _lock: asyncio.Lock = field(init=False, factory=asyncio.Lock)
    _failures: int = field(init=False, default=0)
    _not_before: float = field(init=False, default=0)
    _refusal: str = field(init=False, default="")

    def __attrs_post_init__(self) -> None:
        self._connection = ModbusConnection(self.address)

    async def read(self, function: int, start: int, count: int, unit: int, manner: Manner) -> bytes:
        """Registers as bytes; raises ModbusError after the last attempt."""
        return await self._attempted(
            lambda: self._connection.read(function, start, count, unit), unit, manner
        )

    async def write(self, function: int, start: int, body: bytes, unit: int, wait: float) -> None:
        """Write registers in one request, once: an answer that is lost leaves the outcome open."""
        manner = Manner(wait, 0)
        await self._attempted(
            lambda: self._connection.write(function, start, body, unit), unit, manner
        )

    def close(self) -> None:
        self._connection.close()

    async def _attempted(self, ask: Callable[[], Awaitable[T]], unit: int, manner: Manner) -> T:
        for attempt in range(manner.retries + 1):
            try:
                return await self._once(ask, unit, manner)
            except ModbusError as error:
                fruitless = error.fault == "exception" and error.exception not in BUSY
                if attempt == manner.retries or fruitless or error.fault == "no connection":
                    raise
                if error.exception in BUSY:
                    await asyncio.sleep(BUSY_DELAY)
        raise AssertionError  # the last attempt returns or raises

    async def _once(self, ask: Callable[[], Awaitable[T]], unit: int, manner: Manner) -> T:
        async with self._lock:
            try:
                await self._ready(manner)
                self.asked += 1
                return await ask()
            except ModbusError as error:
                counted: tuple[int, Fault] = (unit, error.fault)
                self.faults[counted] += 1
                if error.fault in HURT and self.address.framing == "rtu":
                    await settle(manner.timeout / 2)
                raise

    async def _ready(self, manner: Manner) -> None:
        if manner.pause:
            await asyncio.sleep(manner.pause)
        if not self._connection.is_open:
            await self._open(manner)
        self._connection.set_timeout(manner.timeout)

    async def _open(self, manner: Manner) -> None:
        if self.clock() < self._not_before:
            raise ModbusError("no connection", self._refusal)
        try:
            await self._connection.open(max(manner.timeout, 1))
        except ModbusError as error:
            self._failures += 1
            self._not_before = self.clock() + self.backoff.delay(self._failures)
            self._refusal = str(error)
            raise
        self._failures = 0
        self.opened += 1
        LOGGER.info("%s is open", self.address)
