"""The live feed: what a batch changed, told to whoever watches, and never kept."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from attrs import define, field

from core.registry import System
from core.runtime import topics
from core.runtime.database import Database
from core.runtime.transport import Outgoing, Publisher, TransportError
from core.telemetry.frames import Arrival
from core.telemetry.latest import Changes, time_of
from core.telemetry.readings import latest_of_all
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
        values.update(_of_roles(first.model, changed))
        event = Live(first.sn, time, first.model.house(values), changed, faults)
        return Outgoing(topics.live(first.sn), msgspec.json.encode(event), qos=0)

    async def _remember(self, system_ids: Collection[int]) -> None:
        """Look up the latest readings of systems that are new here."""
        missing = [id_ for id_ in system_ids if id_ not in self._values]
        if not missing:
            return
        if len(self._values) > REMEMBERED:
            self._values.clear()
            missing = list(system_ids)
        async with self.database.read() as connection:
            found = await latest_of_all(connection, missing)
        for id_ in missing:
            readings = found.get(id_, {})
            self._values[id_] = {address: each.value for address, each in readings.items()}


def _of_roles(model: System, changed: dict[str, dict[str, Value]]) -> Values:
    return {
        (source.slot, source.key): changed[source.slot][source.key]
        for sources in model.roles.values()
        for source in sources
        if source.key in changed.get(source.slot, ())
    }
