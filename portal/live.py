"""The live feed: one subscription of this process, and a bell for everybody who watches a system.

A bell says only that something is new; whoever hears it looks into the database, so that a slow
watcher misses bells and never values.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import msgspec
from attrs import define, field

from core.runtime import bus, topics
from core.runtime.clock import now
from core.runtime.settings import Settings
from core.runtime.transport import TransportError
from core.thing_model.messages import Live

LOGGER: Final = logging.getLogger(__name__)
RETRY: Final = 5
"""Seconds until a refused subscription is tried again."""


@define(eq=False)
class Hub:
    """Who watches which system, and how the feed is; `wanted` says that it shall be listened to."""

    bells: dict[str, set[asyncio.Event]] = field(factory=lambda: defaultdict(set))
    wanted: bool = False
    listening: bool = False
    heard_at: int | None = None
    lag: int | None = None
    closing: asyncio.Event = field(factory=asyncio.Event)

    @contextmanager
    def watch(self, sn: str) -> Generator[asyncio.Event]:
        """A bell that rings whenever something of the system is new."""
        bell = asyncio.Event()
        self.bells[sn].add(bell)
        try:
            yield bell
        finally:
            self.bells[sn].discard(bell)
            if not self.bells[sn]:
                del self.bells[sn]

    def ring(self, sn: str) -> None:
        for bell in self.bells.get(sn, ()):
            bell.set()

    def close(self) -> None:
        """End every stream, so that the process can stop."""
        self.closing.set()
        for sn in list(self.bells):
            self.ring(sn)

    async def listen(self, settings: Settings, slot: str) -> None:
        """Ring for what comes over the live feed, until cancelled."""
        self.wanted = True
        while True:
            try:
                await self._listen(settings, slot)
            except TransportError as error:
                LOGGER.warning("live feed: %s", error)
            self.listening = False
            await asyncio.sleep(RETRY)

    async def _listen(self, settings: Settings, slot: str) -> None:
        consumer = bus.listener(settings, "portal", slot, (topics.LIVE_FEED_FILTER,))
        async with consumer:
            self.listening = True
            async for batch in consumer.batches(max_delay=0.01):
                for message in batch:
                    self._take(message.payload)
                await consumer.acknowledge(batch)

    def _take(self, payload: bytes) -> None:
        try:
            live = msgspec.json.decode(payload, type=Live)
        except msgspec.DecodeError as error:
            LOGGER.warning("live feed: a message cannot be read: %s", error)
            return
        self.heard_at = now()
        self.lag = self.heard_at - live.time
        self.ring(live.sn)
