"""The tariff plans of a site. No two of them hold on the same day."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from attrs import frozen
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.fleet import sites
from core.fleet.tables import installations
from core.fleet.tables import sites as site_table
from core.records import ConflictError, RequestError, change_row, printable
from core.tariffs.documents import document
from core.tariffs.tables import tariff_plans
from core.tariffs.tariff import DECIMALS, Rate, Tariff, check
from core.thing_model.problems import Problem

MOST: Final = 200
"""Plans of a site: one a month for more than 16 years."""


@frozen
class Plan:
    """A tariff as kept for a site; `version` grows with each change."""

    id: int
    site_id: int
    tariff: Tariff
    created_at: int
    changed_at: int
    version: int


async def of_site(connection: AsyncConnection, access: Access, site_id: int) -> list[Plan]:
    """The plans of a site, the earliest first; needs `tariffs:read`.

    Raises RequestError where somebody may not see the site, or there is none.
    """
    access.require("tariffs:read")
    await sites.seen(connection, access, site_id)
    return await _of_site(connection, site_id)


async def of_system(connection: AsyncConnection, system_id: int) -> list[Plan]:
    """The plans of the site at which a system stands, the earliest first; none where it has none.

    Whoever calls has asked who may see the system.
    """
    site_id = await site_of(connection, system_id)
    return [] if site_id is None else await _of_site(connection, site_id)


async def site_of(connection: AsyncConnection, system_id: int) -> int | None:
    """The id of the site at which a system stands; None where it is not installed."""
    query = select(installations.c.site_id).where(installations.c.system_id == system_id)
    site_id: int | None = await connection.scalar(query)
    return site_id


def in_force(plans: Iterable[Plan], of: date) -> Plan | None:
    """The plan that holds on a day at the site."""
    return next((plan for plan in plans if plan.tariff.holds_on(of)), None)


async def by_id(connection: AsyncConnection, access: Access, plan_id: int) -> Plan | None:
    """The plan, if somebody may see its site; needs `tariffs:read`."""
    access.require("tariffs:read")
    return await _seen_or_none(connection, access, plan_id)


async def create(
    connection: AsyncConnection,
    access: Access,
    site_id: int,
    tariff: Tariff,
    *,
    reason: str = "",
    now: int,
    address: str = "",
) -> Plan:
    """Add a plan to a site; needs `tariffs:create`. Raises RequestError."""
    access.require("tariffs:create")
    check(tariff)
    await sites.seen(connection, access, site_id)
    await _make_room(connection, site_id, tariff)
    times = {"created_at": now, "changed_at": now, "version": 1}
    made = await connection.execute(
        insert(tariff_plans)
        .values(site_id=site_id, **_row(tariff), **times)
        .returning(*tariff_plans.c)
    )
    plan = _plan(made.one())
    await entries.record(
        connection, access, "tariffs", "create", plan.id,
        new={"site_id": site_id, **document(plan.tariff)}, reason=reason, now=now, address=address,
    )  # fmt: skip
    return plan


async def edit(
    connection: AsyncConnection,
    access: Access,
    plan_id: int,
    tariff: Tariff,
    *,
    version: int,
    reason: str = "",
    now: int,
    address: str = "",
) -> Plan:
    """Let a plan say something else; needs `tariffs:edit`. ConflictError, RequestError."""
    access.require("tariffs:edit")
    check(tariff)
    before = await _seen(connection, access, plan_id)
    if before.version != version:
        raise ConflictError(before)
    await _make_room(connection, before.site_id, tariff, besides=plan_id)
    row = {**_row(tariff), "changed_at": now}
    changed = await change_row(connection, tariff_plans.c.id, plan_id, version, row)
    if changed is None:
        raise ConflictError(await _seen(connection, access, plan_id))
    after = _plan(changed)
    await entries.record(
        connection, access, "tariffs", "edit", plan_id, old=document(before.tariff),
        new=document(after.tariff), reason=reason, now=now, address=address,
    )  # fmt: skip
    return after


async def remove(
    connection: AsyncConnection,
    access: Access,
    plan_id: int,
    *,
    version: int,
    reason: str,
    now: int,
    address: str = "",
) -> None:
    """Delete a plan; its days have no price then. Needs `tariffs:delete`. ConflictError."""
    access.require("tariffs:delete")
    before = await _seen(connection, access, plan_id)
    same = (tariff_plans.c.id == plan_id, tariff_plans.c.version == version)
    if not (await connection.execute(delete(tariff_plans).where(*same))).rowcount:
        raise ConflictError(await _seen(connection, access, plan_id))
    await entries.record(
        connection, access, "tariffs", "delete", plan_id,
        old={"site_id": before.site_id, **document(before.tariff)},
        reason=reason, now=now, address=address,
    )  # fmt: skip


async def _make_room(
    connection: AsyncConnection, site_id: int, tariff: Tariff, besides: int | None = None
) -> None:
    """Raises RequestError where another plan of the site holds on one of the tariff's days.

    Nobody else changes the site's plans before the transaction ends.
    """
    lock = select(site_table.c.id).where(site_table.c.id == site_id).with_for_update()
    await connection.execute(lock)
    kept = await _of_site(connection, site_id)
    if problems := list(clashes(kept, tariff, besides)):
        raise RequestError(*problems)


def clashes(kept: Iterable[Plan], tariff: Tariff, besides: int | None = None) -> Iterator[Problem]:
    """Why a tariff cannot be added to the plans of a site, or put in the place of one of them."""
    others = [plan for plan in kept if plan.id != besides]
    yield from (_taken(plan.tariff) for plan in others if meet(plan.tariff, tariff))
    if len(others) >= MOST:
        yield Problem("site_id", f"has {len(others)} plans", "remove one first")


def meet(one: Tariff, other: Tariff) -> bool:
    """Whether there is a day on which both hold, whichever begins first."""
    return one.valid_from <= (other.valid_until or date.max) and other.valid_from <= (
        one.valid_until or date.max
    )


def _taken(tariff: Tariff) -> Problem:
    until = tariff.valid_until or "further notice"
    what = f"{tariff.name!r} holds from {tariff.valid_from} until {until}"
    return Problem("valid_from", what, "let one of the two end before the other begins")


async def _of_site(connection: AsyncConnection, site_id: int) -> list[Plan]:
    query = select(tariff_plans).where(tariff_plans.c.site_id == site_id)
    found = await connection.execute(query.order_by(tariff_plans.c.valid_from))
    return [_plan(row) for row in found]


async def _seen_or_none(connection: AsyncConnection, access: Access, plan_id: int) -> Plan | None:
    query = select(tariff_plans).where(tariff_plans.c.id == plan_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    try:
        await sites.seen(connection, access, row.site_id)
    except RequestError:
        return None
    return _plan(row)


async def _seen(connection: AsyncConnection, access: Access, plan_id: int) -> Plan:
    plan = await _seen_or_none(connection, access, plan_id)
    if plan is None:
        what = f"there is no tariff plan {plan_id}"
        raise RequestError(Problem("plan_id", what, "look in the list of the site's plans"))
    return plan


def _row(tariff: Tariff) -> dict[str, Any]:
    names = list(tariff.bands)
    rates = tariff.bands.items()
    return {
        "name": printable(tariff.name.strip()),
        "currency": tariff.currency,
        "valid_from": tariff.valid_from,
        "valid_until": tariff.valid_until,
        "bands": json.dumps([[n, _units(r.buy), _units(r.feed_in)] for n, r in rates]),
        "weekday": "".join(str(names.index(band)) for band in tariff.weekday),
        "weekend": "".join(str(names.index(band)) for band in tariff.weekend),
    }


def _plan(row: Any) -> Plan:
    bands = {name: Rate(_price(buy), _price(fed)) for name, buy, fed in json.loads(row.bands)}
    names = list(bands)
    tariff = Tariff(
        row.name, row.currency, row.valid_from, row.valid_until, bands,
        tuple(names[int(digit)] for digit in row.weekday),
        tuple(names[int(digit)] for digit in row.weekend),
    )  # fmt: skip
    return Plan(row.id, row.site_id, tariff, row.created_at, row.changed_at, row.version)


def _units(price: Decimal) -> int:
    return int(price.scaleb(DECIMALS))


def _price(units: int) -> Decimal:
    return Decimal(units).scaleb(-DECIMALS)
