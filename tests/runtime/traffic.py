"""Numbered frames, sent and collected."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence

from core.runtime import topics
from core.runtime.mqtt import MqttConsumer
from core.runtime.transport import Message, Outgoing

SN = "AL2002321010043"
OTHER = "AL2002321010044"
FRAME = topics.frame(SN, "inverter", "running")


def frames(numbers: Iterable[int]) -> list[Outgoing]:
    """One frame per number, the number as its payload."""
    return [Outgoing(FRAME, str(number).encode()) for number in numbers]


def payloads(batch: Sequence[Message]) -> list[int]:
    """The numbers that a batch carries."""
    return [int(message.payload) for message in batch]


async def collect(consumer: MqttConsumer, count: int, within: float = 10) -> list[int]:
    """Take and acknowledge until `count` numbers have come or the seconds are over."""
    seen: list[int] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            async for batch in consumer.batches():
                seen += payloads(batch)
                await consumer.acknowledge(batch)
                if len(seen) >= count:
                    break
    return seen


async def first_batch(consumer: MqttConsumer, size: int) -> Sequence[Message]:
    """One batch, not acknowledged."""
    async with asyncio.timeout(10):
        return await anext(consumer.batches(max_size=size, max_delay=5))


async def until(check: Callable[[], bool]) -> None:
    """Wait until the check holds, ten seconds at most."""
    deadline = time.monotonic() + 10
    while not check():
        assert time.monotonic() < deadline, "timed out"
        await asyncio.sleep(0.01)
