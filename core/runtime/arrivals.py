"""Messages received and not yet taken, in order of arrival."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Sequence

import attrs

from core.runtime.transport import Message


@attrs.define(eq=False)
class Arrivals:
    """A queue that is emptied in batches, by one caller at a time.

    limit: more than this never wait here, so a batch is not waited for beyond it.
    """

    limit: int
    waiting: deque[Message] = attrs.field(init=False, factory=deque[Message])
    _closed: bool = attrs.field(init=False, default=False)
    _goal: int = attrs.field(init=False, default=1)
    _reached: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)

    def put(self, message: Message) -> None:
        """Add a message."""
        self.waiting.append(message)
        if len(self.waiting) >= self._goal:
            self._reached.set()

    def close(self) -> None:
        """End the batches; what waits is left."""
        self._closed = True
        self._reached.set()

    async def batches(self, max_size: int, max_delay: float) -> AsyncIterator[Sequence[Message]]:
        """Yield batches until closed; see `Consumer.batches`."""
        while not self._closed:
            await self._gather(1)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max_delay):
                    await self._gather(max_size)
            count = min(max_size, len(self.waiting))
            if count:
                yield [self.waiting.popleft() for _ in range(count)]

    async def _gather(self, count: int) -> None:
        self._goal = min(count, self.limit)
        if len(self.waiting) < self._goal and not self._closed:
            self._reached.clear()
            await self._reached.wait()
