"""Which firmware components say they run: kept when it changes, which a batch hardly ever tells."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from attrs import define, field
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet import firmware
from core.fleet.firmware import Told
from core.registry import Channel, Part
from core.telemetry.frames import Arrival, Key
from core.telemetry.latest import time_of
from core.thing_model.layout.fields import Value
from core.thing_model.traits import FIRMWARE

MOST: Final = 500_000
"""Channels whose versions are remembered; what is not is looked up."""
Said = tuple[Value, ...]


@define(eq=False)
class Versions:
    """Notes versions; what this process noted last of a channel is not looked up again."""

    _known: dict[Key, Said] = field(factory=dict[Key, Said])

    async def note(
        self, connection: AsyncConnection, newest: Mapping[Key, Arrival]
    ) -> dict[Key, Said]:
        """Note what the newest frames tell; returns what to `remember` once committed."""
        fresh: dict[Key, Said] = {}
        told: list[Told] = []
        for key, arrival in newest.items():
            places = _telling(arrival.part, arrival.channel)
            if not places or arrival.values is None:
                continue
            said = tuple(arrival.values[place] for place in places)
            if said != self._known.get(key):
                fresh[key] = said
                told += _told(arrival, places)
        await firmware.note(connection, told)
        return fresh

    def remember(self, said: Mapping[Key, Said]) -> None:
        """Know these."""
        if len(self._known) > MOST:
            self._known.clear()
        self._known.update(said)


def _told(arrival: Arrival, places: tuple[int, ...]) -> list[Told]:
    values, keys = arrival.values or (), arrival.channel.keys
    part, at = arrival.part, time_of(arrival)
    return [
        Told(arrival.system_id, str(values[n]), at, part.slot, keys[n], part.plugin.name)
        for n in places
        if values[n] is not None
    ]


@lru_cache(maxsize=4096)
def _telling(part: Part, channel: Channel) -> tuple[int, ...]:
    """Where among the values of a channel versions stand."""
    traits = {key: datapoint.trait for key, datapoint in part.datapoints.items()}
    return tuple(n for n, key in enumerate(channel.keys) if traits.get(key) in FIRMWARE)
