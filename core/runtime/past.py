"""What a simulated device remembers: messages not confirmed yet, and those that it sent."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from attrs import define, evolve, field

from core.runtime import topics
from core.runtime.envelope import Envelope
from core.runtime.mqtt import MqttPublisher
from core.runtime.transport import Outgoing

REMEMBERED: Final = 10_000
WINDOW: Final = 500


@define(eq=False)
class Past:
    """A bounded memory of a device's messages by their numbers, and of those still to be sent."""

    _sent: dict[int, Outgoing] = field(factory=dict[int, Outgoing])
    _late: deque[Outgoing] = field(factory=lambda: deque[Outgoing](maxlen=REMEMBERED))
    all_sent: asyncio.Event = field(factory=asyncio.Event)

    async def say(self, device: MqttPublisher, messages: Sequence[Outgoing]) -> None:
        """Send messages now; what the broker does not confirm is late from then on."""
        for message in messages:
            self._sent[Envelope.parse(message.payload).sequence] = message
        while len(self._sent) > REMEMBERED:
            del self._sent[next(iter(self._sent))]
        self._delay(await device.offer(messages))

    async def catch_up(self, device: MqttPublisher) -> None:
        """Send what is late; what the broker does not confirm stays so."""
        window = [self._late.popleft() for _ in range(min(WINDOW, len(self._late)))]
        self._late.extendleft(reversed(await device.offer(window)))
        if not self._late:
            self.all_sent.set()

    def recall(self, ranges: Iterable[Sequence[int]]) -> int:
        """Make those of these numbers late that are remembered; returns how many were."""
        wanted = [(first, last) for first, last in ranges]
        found = [
            message
            for number, message in self._sent.items()
            if any(first <= number <= last for first, last in wanted)
        ]
        self._delay(found)
        return len(found)

    def _delay(self, messages: Iterable[Outgoing]) -> None:
        for message in messages:
            self._late.append(evolve(message, topic=topics.late(message.topic)))
            self.all_sent.clear()

    @property
    def waiting(self) -> int:
        return len(self._late)
