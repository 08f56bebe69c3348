"""What frames tell is installed: capacity and rated power by traits, kept with the system.

A figure is taken where one component of the model tells it and nobody else: of two that differ
nobody knows which is right, or whether they add up. Nought is no figure.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from attrs import frozen
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.systems import SystemRecord
from core.fleet.tables import systems
from core.registry import System
from core.telemetry.frames import Arrival
from core.thing_model.units import factor

COLUMNS: Final = {
    "pv_reported": (("pv.storage_capacity", "pv.inverter_capacity"), "W"),
    "battery_reported": (("battery.capacity",), "Wh"),
    "inverter_reported": (("inverter.rated_power",), "W"),
}
"""The traits that add up to a column, and its unit."""
Told = dict[int, dict[str, int]]
"""What is to be changed, by system and column."""


@frozen
class _Source:
    """Where a column is read in a channel: places among its values, each with a factor."""

    column: str
    places: tuple[tuple[int, float], ...]


def told(arrivals: Iterable[Arrival], known: Mapping[str, SystemRecord]) -> Told:
    """What these frames, the newest of their channels, tell otherwise than it is known."""
    found: Told = defaultdict(dict)
    for arrival in arrivals:
        sources = _sources(arrival.model, arrival.part.slot, arrival.channel.name)
        record = known.get(arrival.sn) if sources and arrival.values else None
        if record is None:
            continue
        for source in sources:
            figure = _figure(source, arrival.values or ())
            if figure is not None and figure != getattr(record, source.column):
                found[arrival.system_id][source.column] = figure
    return found


async def keep(connection: AsyncConnection, found: Told) -> None:
    """Keep it; whoever calls has locked the rows."""
    for system_id, values in sorted(found.items()):
        await connection.execute(update(systems).where(systems.c.id == system_id).values(values))


def _figure(source: _Source, values: Sequence[object]) -> int | None:
    heard = [(values[index], scale) for index, scale in source.places]
    numbers = [v * scale for v, scale in heard if isinstance(v, int | float)]
    total = round(sum(numbers))
    return total if 0 < total < 2**53 else None


@lru_cache(maxsize=4096)
def _sources(model: System, slot: str, channel: str) -> tuple[_Source, ...]:
    keys = model.parts[slot].channels[channel].keys
    made = (_source(model, slot, keys, column) for column in COLUMNS)
    return tuple(each for each in made if each is not None)


def _source(model: System, slot: str, keys: Sequence[str], column: str) -> _Source | None:
    traits, unit = COLUMNS[column]
    telling = [
        (part.slot, datapoint)
        for part in model.parts.values()
        for datapoint in part.datapoints.values()
        if datapoint.trait in traits
    ]
    if len({datapoint.trait for _, datapoint in telling}) < len(telling):
        return None
    places: list[tuple[int, float]] = []
    for where, datapoint in telling:
        scale = factor(datapoint.unit, unit)
        if where != slot or datapoint.key not in keys or scale is None:
            return None
        places.append((keys.index(datapoint.key), scale))
    return _Source(column, tuple(places)) if places else None
