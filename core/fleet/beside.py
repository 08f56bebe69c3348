"""How the systems beside one are: those of its site, and those of some product models."""

from collections.abc import Collection
from typing import Final

from attrs import frozen
from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet.scope import visible
from core.fleet.systems import COUNT_CAP, SystemRecord
from core.fleet.tables import installations, systems

TOGETHER: Final = 900_000
"""Systems that fall silent within so many milliseconds of each other do so together."""


@frozen
class Beside:
    """Other systems: how many there are, are offline, and are so since the same time.

    They are counted up to COUNT_CAP.
    """

    all: int
    offline: int
    together: int


async def at_site(
    connection: AsyncConnection, access: Access, record: SystemRecord
) -> Beside | None:
    """The others at its site; None where it stands at none."""
    query = select(installations.c.site_id).where(installations.c.system_id == record.id)
    site_id = await connection.scalar(query)
    if site_id is None:
        return None
    there = select(installations.c.system_id).where(installations.c.site_id == site_id)
    return await _beside(connection, access, record, systems.c.id.in_(there))


async def of_products(
    connection: AsyncConnection, access: Access, record: SystemRecord, products: Collection[str]
) -> Beside:
    """The others of these product models."""
    return await _beside(connection, access, record, systems.c.product_id.in_(products))


async def _beside(
    connection: AsyncConnection, access: Access, record: SystemRecord, which: ColumnElement[bool]
) -> Beside:
    others = (
        select(systems.c.status, systems.c.status_since)
        .where(which, systems.c.id != record.id, visible(access))
        .limit(COUNT_CAP)
        .subquery()
    )
    is_offline = others.c.status == "offline"
    since = record.status_since
    near = others.c.status_since.between(since - TOGETHER, since + TOGETHER)
    query = select(
        func.count(),
        func.count(case((is_offline, 1))),
        func.count(case((and_(is_offline, near), 1))),
    ).select_from(others)
    return Beside(*(await connection.execute(query)).one())
