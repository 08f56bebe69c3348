"""Keeps a process's registry current with the product models that the installation publishes.

A look is one read of one row, about once a second. Only where something was published or retired
a new registry is made; it shares all that the one before has compiled. Those who look things up in
a registry hold it in an attribute and are given the new one between two pieces of their work, so
that nothing is asked for while frames arrive.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from attrs import define, field

from core.products.configured import Configured
from core.registry import Registry
from core.runtime.database import Database, cause

LOGGER = logging.getLogger(__name__)
INTERVAL: Final = 1.0

Adopter = Callable[[Registry], Awaitable[None]]
"""Puts a new registry in the place of the one before."""


@define(eq=False)
class ProductWatch:
    """`registry` is at first what the plugins ship, from the first look on all there is.

    `run` ends by itself once `ended` is set.
    """

    registry: Registry
    database: Database
    ended: asyncio.Event = field(factory=asyncio.Event)
    _configured: Configured = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._configured = Configured(self.registry)

    async def look(self, *adopters: Adopter) -> None:
        """Look once; if something changed, every adopter is given the new registry.

        Raises what the database or an adopter does; all of them are then told at the next look.
        """
        async with self.database.read() as connection:
            await self._configured.refresh(connection)
        if (current := self._configured.registry) is self.registry:
            return
        for adopt in adopters:
            await adopt(current)
        self.registry = current
        LOGGER.info("%d product models are known", len(current.newest))

    async def run(self, *adopters: Adopter) -> None:
        """Look again and again; while that fails, what was known before stays in use."""
        while not self.ended.is_set():
            await self.try_look(*adopters)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), INTERVAL)

    async def try_look(self, *adopters: Adopter) -> None:
        """Look once; if that fails, say so."""
        try:
            await self.look(*adopters)
        except Exception as error:  # noqa: BLE001  whatever a driver raises
            LOGGER.warning("product models are not looked at: %s", cause(error))
