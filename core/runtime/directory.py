"""Which system a serial number is, remembered between batches and refreshed when it changes."""

import logging
from collections.abc import Iterable
from typing import Final

from attrs import define, field, frozen

from core.fleet import systems
from core.fleet.systems import SystemRecord
from core.registry import Registry, System
from core.runtime.database import Database

LOGGER = logging.getLogger(__name__)
OVERLAP: Final = 10_000
"""Milliseconds that each look for changes reaches back behind the one before: a transaction that
began earlier may commit later."""


@frozen(eq=False)
class Known:
    """A registered system and what it is made of; no model where its product is not loaded."""

    record: SystemRecord
    model: System | None


@define(eq=False)
class Directory:
    """Systems by serial number. One that is not registered is looked for again every time."""

    registry: Registry
    database: Database
    known: dict[str, Known] = field(factory=dict[str, Known])
    _looked_at: int | None = None
    _seen: set[tuple[str, int]] = field(factory=set[tuple[str, int]])

    async def load(self, sns: Iterable[str]) -> None:
        """Know those of these serial numbers that are registered."""
        missing = [sn for sn in sns if sn not in self.known]
        if not missing:
            return
        async with self.database.read() as connection:
            found = await systems.by_sns(connection, missing)
        for sn, record in found.items():
            self.known[sn] = Known(record, systems.model_of(self.registry, record))

    def adopt(self, registry: Registry) -> None:
        """Look models up in this registry, and again for whom the right one was not loaded."""
        self.registry = registry
        self.forget([sn for sn, known in self.known.items() if _is_stopgap(known)])

    def forget(self, sns: Iterable[str]) -> None:
        """Look these up again when they are next needed."""
        for sn in sns:
            self.known.pop(sn, None)

    async def refresh(self, now: int) -> set[str]:
        """Forget, and return, what was registered or changed since the last call."""
        since = now if self._looked_at is None else self._looked_at
        async with self.database.read() as connection:
            found = await systems.changed_since(connection, since - OVERLAP)
        fresh = {sn for sn, changed_at in found if (sn, changed_at) not in self._seen}
        self._seen, self._looked_at = found, now
        self.forget(fresh)
        return fresh


def _is_stopgap(known: Known) -> bool:
    return known.model is None or known.model.product.version != known.record.product_version
