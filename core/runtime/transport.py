"""What ingest, commands and the live feed need of a message bus, whichever bus it is."""

from collections.abc import AsyncIterator, Iterable, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

import attrs

BATCH_SIZE: Final = 500
BATCH_DELAY: Final = 0.03


class TransportError(Exception):
    """The bus cannot do what was asked; the message says what, where and how to mend it."""


class RefusedError(TransportError):
    """The bus answered and said no: wrong credentials, or a right that is missing."""


@attrs.frozen(eq=False)
class Message:
    """One message received; the token belongs to the consumer that delivered it."""

    topic: str
    payload: bytes
    token: object


@attrs.frozen
class Outgoing:
    """One message to publish; qos is 0 or 1, a retained message is kept for later subscribers."""

    topic: str
    payload: bytes
    retain: bool = False
    qos: int = 1


class Consumer(Protocol):
    """Receives messages in batches and keeps them pending until they are acknowledged.

    Entering waits until the subscription stands, and raises RefusedError if it is refused.
    Delivery is at least once: after a lost connection, messages not yet acknowledged come again.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def batches(
        self, max_size: int = BATCH_SIZE, max_delay: float = BATCH_DELAY
    ) -> AsyncIterator[Sequence[Message]]:
        """Yield non-empty batches in order of arrival, for one caller at a time.

        A batch is complete at max_size messages or max_delay seconds after its first one
        was seen, whichever comes first.
        """
        ...

    async def acknowledge(self, batch: Iterable[Message]) -> None:
        """Tell the bus that the messages are safe; call it after the commit.

        Messages of a connection that was lost meanwhile, and messages acknowledged before,
        are ignored.
        """
        ...


class Publisher(Protocol):
    """Publishes messages; each call returns once the bus has taken them."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    async def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 1
    ) -> None:
        """Publish one message and wait until the bus has confirmed it, through reconnects."""
        ...

    async def publish_many(self, messages: Iterable[Outgoing]) -> None:
        """Publish in order, many at a time, and wait until all are confirmed."""
        ...
