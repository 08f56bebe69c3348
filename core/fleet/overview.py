"""The fleet at a glance: systems with their status, filtered and counted by it.

One statement per page, however many systems it shows.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from attrs import field, frozen
from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet.scope import visible
from core.fleet.systems import COUNT_CAP, SHORTEST_SUBSTRING, SystemRecord
from core.fleet.tables import systems
from core.journal.tables import faults
from core.thing_model.product import OFFLINE_AFTER

Status = Literal["normal", "fault", "offline"]
STATUSES: Final[tuple[Status, ...]] = ("normal", "fault", "offline")
NEW_FOR: Final = 7 * 86_400_000
"""Milliseconds after its first frame for which a system counts as new."""


@frozen
class Wanted:
    """Which systems: by product model, status or newness, and by a part of their serial number.

    `search` is the beginning of a serial number or, from 3 characters on, any part of it.
    """

    product_id: str = ""
    status: Status | None = None
    new: bool = False
    search: str = ""


@frozen
class Moment:
    """When status is judged: UTC milliseconds, and per product model the seconds until offline."""

    now: int
    offline_after: Mapping[str, int] = field(factory=dict[str, int])


@frozen
class Glance:
    """A system, its status, and how many critical faults are open."""

    record: SystemRecord
    status: Status
    critical_faults: int


@frozen
class Counts:
    """How many systems there are, in all and by status; `new` are counted among these too."""

    total: int
    normal: int
    fault: int
    offline: int
    new: int


async def page(
    connection: AsyncConnection,
    wanted: Wanted,
    moment: Moment,
    access: Access,
    *,
    after_sn: str = "",
    limit: int = 50,
) -> list[Glance]:
    """Systems in order of serial number, from behind `after_sn` on."""
    query = select(systems, status_of(moment), _critical_count())
    query = query.where(systems.c.sn > after_sn, visible(access))
    found = await connection.execute(
        _filtered(query, wanted, moment).order_by(systems.c.sn).limit(limit)
    )
    return [_glance(*row) for row in found]


def _glance(*columns: Any) -> Glance:
    *record, status, critical = columns
    return Glance(SystemRecord(*record), status, critical)


async def of_system(connection: AsyncConnection, record: SystemRecord, moment: Moment) -> Glance:
    """One system at a glance."""
    query = select(status_of(moment), _critical_count()).where(systems.c.id == record.id)
    status, critical = (await connection.execute(query)).one()
    return Glance(record, status, critical)


async def count(
    connection: AsyncConnection,
    wanted: Wanted,
    moment: Moment,
    access: Access,
    *,
    cap: int = COUNT_CAP,
) -> int:
    """How many systems fit, counted up to `cap` and no further."""
    some = (
        _filtered(select(systems.c.id).where(visible(access)), wanted, moment).limit(cap).subquery()
    )
    return int((await connection.execute(select(func.count()).select_from(some))).scalar_one())


async def counts(connection: AsyncConnection, moment: Moment, access: Access) -> Counts:
    """All systems that somebody sees, by status."""
    status = status_of(moment).label("status")
    query = select(status, func.count(), func.sum(case((is_new(moment), 1), else_=0)))
    found = (await connection.execute(query.where(visible(access)).group_by(status))).all()
    by_status: dict[str, int] = {name: number for name, number, _ in found}
    new = sum(int(fresh or 0) for _, _, fresh in found)
    normal, fault, offline = (by_status.get(name, 0) for name in STATUSES)
    return Counts(sum(by_status.values()), normal, fault, offline, new)


def _filtered(query: Select[Any], wanted: Wanted, moment: Moment) -> Select[Any]:
    if wanted.product_id:
        query = query.where(systems.c.product_id == wanted.product_id)
    if wanted.status:
        query = query.where(status_of(moment) == wanted.status)
    if wanted.new:
        query = query.where(is_new(moment))
    if wanted.search:
        text = wanted.search.upper()
        begins = systems.c.sn.between(text, text + "\x7f")
        part = systems.c.sn.contains(text, autoescape=True)
        query = query.where(begins if len(text) < SHORTEST_SUBSTRING else or_(begins, part))
    return query


def status_of(moment: Moment) -> ColumnElement[Any]:
    """The status of a row of `systems`, as a column."""
    return case((_is_offline(moment), "offline"), (_has_critical(), "fault"), else_="normal")


def _is_offline(moment: Moment) -> ColumnElement[bool]:
    own = {id_: s for id_, s in moment.offline_after.items() if s != OFFLINE_AFTER}
    usual = systems.c.last_frame_at < moment.now - OFFLINE_AFTER * 1000
    late = [
        and_(systems.c.product_id == id_, systems.c.last_frame_at < moment.now - seconds * 1000)
        for id_, seconds in own.items()
    ]
    others = and_(systems.c.product_id.not_in(list(own)), usual) if own else usual
    return or_(systems.c.last_frame_at.is_(None), others, *late)


def is_new(moment: Moment) -> ColumnElement[bool]:
    """Whether a row of `systems` counts as new."""
    return systems.c.first_frame_at >= moment.now - NEW_FOR


def _open_critical() -> tuple[ColumnElement[bool], ...]:
    return (
        faults.c.system_id == systems.c.id,
        faults.c.closed_at.is_(None),
        faults.c.severity == "critical",
    )


def _has_critical() -> ColumnElement[bool]:
    return exists().where(*_open_critical())


def _critical_count() -> ColumnElement[int]:
    return select(func.count(faults.c.id)).where(*_open_critical()).scalar_subquery()
