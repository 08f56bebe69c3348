"""Work of the worker that is done again and again, whatever the database or the broker do."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NoReturn

from core.runtime.database import cause, trouble
from core.runtime.transport import Outgoing, Publisher

LOGGER = logging.getLogger(__name__)
PATIENCE: Final = 10.0
"""Seconds for the broker to take what is published."""


class SilentBrokerError(Exception):
    """The broker did not take messages in time; whether it has some of them is not known."""


async def repeat(work: Callable[[], Awaitable[Any]], interval: float) -> NoReturn:
    """Work until cancelled, `interval` seconds between the rounds.

    While database or broker do not answer, everything waits; other errors are raised.
    """
    while True:
        try:
            await work()
        except SilentBrokerError:
            LOGGER.warning("the broker takes no messages, trying again")
        except Exception as error:
            if trouble(error) != "away":
                raise
            LOGGER.warning("the database does not answer, trying again: %s", cause(error))
        await asyncio.sleep(interval)


async def publish(publisher: Publisher, messages: Sequence[Outgoing]) -> None:
    """Publish in order; raises SilentBrokerError where the broker does not confirm in time."""
    try:
        async with asyncio.timeout(PATIENCE):
            await publisher.publish_many(messages)
    except TimeoutError as error:
        raise SilentBrokerError("the broker confirmed nothing in time") from error
