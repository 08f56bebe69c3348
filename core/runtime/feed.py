"""The live feed: what a batch changed, told to whoever watches, and never kept."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec
from attrs import define, field

from core.registry import System
from core.runtime import topics
from core.runtime.database import Database
from core.runtime.transport import Outgoing, Publisher, TransportError
from core.telemetry.frames import Arrival
from core.telemetry.latest import Changes, time_of
from core.telemetry.readings import said_by
from core.thing_model.layout.fields import Value
from core.thing_model.messages import Live

LOGGER = logging.getLogger(__name__)
PATIENCE: Final = 2.0
REMEMBERED: Final = 20_000

Values = dict[tuple[str, str], Value]


@define(eq=False)
class Feed:
    """Publishes one event per system and batch.

    It remembers the readings that roles are read from, for as many systems as REMEMBERED says.
    Where several ingests share a fleet, each remembers those that it saw itself: a house reading
    may then be a few frames behind, until this ingest gets one of the same channel.
    """

    database: Database
    publisher: Publisher
    _values: dict[int, Values] = field(factory=dict[int, Values])

    async def tell(self, changes: Changes) -> None:
        """Publish what a batch changed; a broker that is slow to take it is not waited for."""
        by_system: dict[int, list[Arrival]] = {}
        for arrival in changes.newest.values():
            by_system.setdefault(arrival.system_id, []).append(arrival)
        await self._remember(by_system)
        with_faults = {change.system_id for change in changes.faults}
        events = [
            self._event(arrivals, faults=system_id in with_faults)
            for system_id, arrivals in by_system.items()
        ]
        try:
            async with asyncio.timeout(PATIENCE):
                await self.publisher.publish_many(events)
        except (TimeoutError, TransportError) as error:
            LOGGER.warning("live feed: %d events not sent (%r)", len(events), error)

    def _event(self, arrivals: Sequence[Arrival], *, faults: bool) -> Outgoing:
        changed: dict[str, dict[str, Value]] = {}
        for arrival in arrivals:
            said = zip(arrival.channel.keys, arrival.values or (), strict=True)
            changed.setdefault(arrival.part.slot, {}).update(said)
        first, time = arrivals[0], max(map(time_of, arrivals))
        values = self._values[first.system_id]
        for slot, said_of_slot in changed.items():
            values.update(_of_roles(first.model, slot, said_of_slot))
        event = Live(first.sn, time, first.model.house(values), changed, faults)
        return Outgoing(topics.live(first.sn), msgspec.json.encode(event), qos=0)

    async def _remember(self, by_system: Mapping[int, Sequence[Arrival]]) -> None:
        """Look up the latest readings of systems that are new here."""
        if len(self._values) > REMEMBERED:
            self._values.clear()
        missing = {
            id_: found[0].model for id_, found in by_system.items() if id_ not in self._values
        }
        if not missing:
            return
        found: dict[int, Values] = {id_: {} for id_ in missing}
        async with self.database.read() as connection:
            async for id_, slot, said in said_by(connection, missing):
                found[id_].update(_of_roles(missing[id_], slot, said))
        self._values |= found


def _of_roles(model: System, slot: str, said: Mapping[str, Value]) -> Values:
    return {(slot, key): said[key] for key in _role_keys(model, slot) if key in said}


@lru_cache(maxsize=4096)
def _role_keys(model: System, slot: str) -> frozenset[str]:
    """Datapoints of a slot that roles are read from."""
    sources = (source for found in model.roles.values() for source in found)
    return frozenset(source.key for source in sources if source.slot == slot)
