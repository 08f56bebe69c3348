"""Datapoints as columns: what of them was heard last, of each system of a list."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from core.listing.tables import Row
from core.registry import Registry, System
from core.telemetry.readings import Readings, latest_of_all
from portal.presentation.exports import groups_of
from portal.presentation.readings import Heard, meaning, slot_title
from portal.presentation.telemetry import MOST_POINTS, patience_of
from portal.resource.declared import Column, ColumnGroup, MoreColumns
from portal.services import Services
from portal.texts import LANGUAGES, language

NEEDS: Final = ("id", "product_id", "product_version", "firmware")
"""The columns of a list that tell what its systems are made of."""
KEPT: Final = 1_000 * len(LANGUAGES)


def _find(registry: Registry, id: str) -> Column | None:
    return _column_of(registry, id, language())


@lru_cache(maxsize=KEPT)
def _column_of(registry: Registry, id: str, _: str) -> Column | None:
    """As the first product model says it that has it, the newest of each before all others."""
    slot, _dot, key = id.partition(".")
    for product in (*registry.newest.values(), *registry.products.values()):
        for mounted in (mounted for name, mounted in product.slots() if name == slot):
            for datapoint in registry.plugins[mounted.plugin].datapoints:
                if datapoint.key == key:
                    label = f"{datapoint.name}, {slot_title(slot)}"
                    return Column(id, label, "heard", datapoint.unit)
    return None


def _offer(services: Services, rows: Sequence[Row]) -> list[ColumnGroup]:
    systems = {id(system): system for row in rows if (system := _system_of(services, row))}
    return [
        ColumnGroup(
            group.title,
            [Column(each.point, each.name, "heard", each.unit) for each in group.choices],
        )
        for group in groups_of(systems.values())
    ]


def _system_of(services: Services, row: Row) -> System | None:
    model = (row["product_id"], row["product_version"], row["firmware"])
    return services.registry.system_of(*model)


async def _fill(services: Services, columns: Sequence[Column], rows: list[Row]) -> None:
    """Newest values by key, of the systems of a page; what was never heard stays empty."""
    async with services.database.read() as connection:
        found = await latest_of_all(connection, [row["id"] for row in rows])
    now = services.clock()
    for row in rows:
        if (system := _system_of(services, row)) is not None:
            row |= dict(_heard(system, found.get(row["id"], {}), columns, now))


def _heard(
    system: System, readings: Readings, columns: Sequence[Column], now: int
) -> Iterator[tuple[str, Heard]]:
    for column in columns:
        slot, _, key = column.id.partition(".")
        part, reading = system.parts.get(slot), readings.get((slot, key))
        if part is None or reading is None or (datapoint := part.datapoints.get(key)) is None:
            continue
        patience = patience_of(part, key, system.product.offline_after)
        yield (
            column.id,
            Heard(
                reading.value,
                datapoint.unit,
                meaning(datapoint, reading.value),
                reading.as_of,
                now - reading.as_of > patience,
            ),
        )


LATEST: Final = MoreColumns(_find, _offer, _fill, MOST_POINTS)
