"""The systems of the fleet by country and product model, counted when they change as in `counters`.

So how many systems there are of what, how they are, what is installed and where they stand costs a
look at some hundred rows, of a million systems too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, case, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet.counters import WHOLE, fold_into, summed_company
from core.fleet.scope import visible
from core.fleet.tables import (
    GROUPED,
    STATUSES,
    SUMS,
    fleet_group_deltas,
    fleet_groups,
    systems,
)


@frozen
class Group:
    """Sums over systems; a key that they were not grouped by is empty. See `SUMS`."""

    country: str
    product_id: str
    product_version: str
    normal: int
    protection: int
    fault: int
    offline: int
    pv: int
    pv_known: int
    battery: int
    battery_known: int
    inverter: int
    inverter_known: int
    north: int
    east: int
    placed: int

    @property
    def systems(self) -> int:
        return self.normal + self.protection + self.fault + self.offline

    @property
    def place(self) -> tuple[float, float] | None:
        """The middle of its sites, in degrees north and east; None where no site has coordinates.

        Sites on both sides of the date line are not told apart from those around Greenwich.
        """
        if not self.placed:
            return None
        return self.north / self.placed / 1000, self.east / self.placed / 1000


async def groups(
    connection: AsyncConnection,
    access: Access,
    by: Sequence[str],
    *,
    country: str = "",
    product_id: str = "",
) -> list[Group]:
    """The systems that somebody sees, by some of `GROUPED`; needs `systems:read`.

    Those of an end user are few, and are counted.
    """
    access.require("systems:read")
    source = _source(access).subquery()
    keys = [source.c[name] for name in by]
    sums = [func.sum(source.c[name]).label(name) for name in SUMS]
    query: Any = select(*keys, *sums)
    for name, wanted in (("country", country), ("product_id", product_id)):
        if wanted:
            query = query.where(source.c[name] == wanted)
    query = query.group_by(*keys).order_by(*keys)
    found = (await connection.execute(query)).mappings()
    made = [_group(row) for row in found]
    return [each for each in made if each.systems]


async def fold(connection: AsyncConnection) -> None:
    """Add up what was appended, as `counters.fold`."""
    tables = (fleet_group_deltas, fleet_groups)
    await fold_into(connection, tables, ("company_id", *GROUPED), SUMS)


def _group(row: Mapping[Any, Any]) -> Group:
    said: dict[str, Any] = {name: row.get(name, "") for name in GROUPED}
    said.update((name, int(row[name] or 0)) for name in SUMS)
    return Group(**said)


def _source(access: Access) -> Any:
    """Rows of keys and sums that add up to what somebody sees."""
    if (company := summed_company(access)) is None:
        sums = [each.label(name) for name, each in zip(SUMS, _added(), strict=True)]
        return select(*(systems.c[name] for name in GROUPED), *sums).where(visible(access))
    kept, added = fleet_groups, fleet_group_deltas
    names = (*GROUPED, *SUMS)
    of_kept = select(*(kept.c[name] for name in names)).where(kept.c.company_id == company)
    of_added = select(*(added.c[name] for name in names))
    if company != WHOLE:
        of_added = of_added.where(added.c.company_id == company)
    return union_all(of_kept, of_added)


def _added() -> list[ColumnElement[Any]]:
    """What a system adds to each of `SUMS`, as the triggers count it."""
    c = systems.c
    found: list[ColumnElement[Any]] = [_one(c.status == status) for status in STATUSES]
    pv = func.coalesce(c.pv_installed, c.pv_reported)
    for column in (pv, c.battery_reported, c.inverter_reported):
        found += [func.coalesce(column, 0), _one(column.is_not(None))]
    return [*found, func.coalesce(c.north, 0), func.coalesce(c.east, 0), _one(c.north.is_not(None))]


def _one(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)
