"""The fleet at a glance: systems with their status, filtered and counted by it.

One statement per page, however many systems it shows.
"""

from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet.scope import visible
from core.fleet.systems import COUNT_CAP, SHORTEST_SUBSTRING, SystemRecord
from core.fleet.tables import Status, systems
from core.journal.tables import faults


@frozen
class Wanted:
    """Which systems: by product model, status or flags, and by a part of their serial number.

    `search` is the beginning of a serial number or, from 3 characters on, any part of it.
    """

    product_id: str = ""
    status: Status | None = None
    new: bool = False
    upgrading: bool = False
    search: str = ""


@frozen
class Glance:
    """A system, and how many critical faults are open."""

    record: SystemRecord
    critical_faults: int

    @property
    def status(self) -> Status:
        return self.record.status


async def page(
    connection: AsyncConnection,
    wanted: Wanted,
    access: Access,
    *,
    after_sn: str = "",
    limit: int = 50,
) -> list[Glance]:
    """Systems in order of serial number, from behind `after_sn` on."""
    query = select(systems, _critical_count()).where(systems.c.sn > after_sn, visible(access))
    found = await connection.execute(_filtered(query, wanted).order_by(systems.c.sn).limit(limit))
    return [_glance(*row) for row in found]


def _glance(*columns: Any) -> Glance:
    *record, critical = columns
    return Glance(SystemRecord(*record), critical)


async def of_system(connection: AsyncConnection, record: SystemRecord) -> Glance:
    """One system at a glance."""
    query = select(_critical_count()).where(systems.c.id == record.id)
    return Glance(record, (await connection.execute(query)).scalar_one())


async def count(
    connection: AsyncConnection, wanted: Wanted, access: Access, *, cap: int = COUNT_CAP
) -> int:
    """How many systems fit, counted up to `cap` and no further."""
    seen = select(systems.c.id).where(visible(access))
    some = _filtered(seen, wanted).limit(cap).subquery()
    return int((await connection.execute(select(func.count()).select_from(some))).scalar_one())


def _filtered(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.product_id:
        query = query.where(systems.c.product_id == wanted.product_id)
    if wanted.status:
        query = query.where(systems.c.status == wanted.status)
    if wanted.new:
        query = query.where(systems.c.is_new)
    if wanted.upgrading:
        query = query.where(systems.c.is_upgrading)
    if wanted.search:
        text = wanted.search.upper()
        begins = systems.c.sn.between(text, text + "\x7f")
        part = systems.c.sn.contains(text, autoescape=True)
        query = query.where(begins if len(text) < SHORTEST_SUBSTRING else or_(begins, part))
    return query


def _critical_count() -> ColumnElement[int]:
    query = select(func.count(faults.c.id)).where(
        faults.c.system_id == systems.c.id,
        faults.c.closed_at.is_(None),
        faults.c.severity == "critical",
    )
    return query.scalar_subquery()
