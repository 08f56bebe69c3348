"""Companies: made, changed, and let in or kept out."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs
from attrs import frozen
from sqlalchemy import ColumnElement, false, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.companies.details import Details, check
from core.companies.tables import companies
from core.records import ConflictError, RequestError, printable
from core.thing_model.problems import Problem

State = Literal["pending", "enabled", "rejected", "disabled", "deleted"]
Change = Literal["approve", "reject", "disable", "enable", "delete"]
LEADS: Final[Mapping[Change, tuple[tuple[State, ...], State, str]]] = {
    "approve": (("pending",), "enabled", "companies:approve"),
    "reject": (("pending",), "rejected", "companies:approve"),
    "disable": (("enabled",), "disabled", "companies:lock"),
    "enable": (("disabled",), "enabled", "companies:lock"),
    "delete": (("rejected", "disabled"), "deleted", "companies:delete"),
}
"""A change, the states that it may be made in, the state it leads to, and what it needs.

A pending company is approved or rejected, never disabled.
"""


@frozen
class Company:
    """A company as kept. `version` grows with each change."""

    id: int
    details: Details
    primary_user_id: int | None
    state: State
    state_reason: str
    created_at: int
    changed_at: int
    version: int


async def by_id(connection: AsyncConnection, access: Access, company_id: int) -> Company | None:
    """The company, if somebody may see it."""
    access.require("companies:read")
    query = select(companies).where(companies.c.id == company_id, _visible(access))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _company(row)


async def by_name(connection: AsyncConnection, access: Access, name: str) -> Company | None:
    """The company of this name, in whatever case, if somebody may see it and it is not deleted."""
    access.require("companies:read")
    query = select(companies).where(
        companies.c.folded_name == name.strip().casefold(),
        companies.c.state != "deleted",
        _visible(access),
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _company(row)


async def by_licence(connection: AsyncConnection, access: Access, licence: str) -> Company | None:
    """The company with this licence, if somebody may see it and it is not deleted."""
    access.require("companies:read")
    query = select(companies).where(
        companies.c.licence == licence.strip(), companies.c.state != "deleted", _visible(access)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _company(row)


async def by_state(connection: AsyncConnection, access: Access) -> dict[str, int]:
    """How many companies there are of each state; needs `companies:read`."""
    access.require("companies:read")
    query = select(companies.c.state, func.count()).where(_visible(access))
    found = await connection.execute(query.group_by(companies.c.state))
    return {row[0]: row[1] for row in found}


async def create(
    connection: AsyncConnection, access: Access, details: Details, *, now: int, address: str = ""
) -> Company:
    """Make a company, pending until it is approved; needs `companies:create`."""
    access.require("companies:create")
    check(details)
    row = {**_row(details), "state": "pending", "state_reason": "", "version": 1}
    times = {"created_at": now, "changed_at": now}
    try:
        async with connection.begin_nested():
            made = await connection.execute(
                insert(companies).values(**row, **times).returning(*companies.c)
            )
            company = _company(made.one())
    except IntegrityError:
        raise RequestError(_taken(details)) from None
    await entries.record(
        connection, access, "companies", "create", company.id,
        new=attrs.asdict(details), now=now, address=address,
    )  # fmt: skip
    return company


async def edit(
    connection: AsyncConnection,
    access: Access,
    company_id: int,
    details: Details,
    *,
    version: int,
    reason: str = "",
    now: int,
    address: str = "",
) -> Company:
    """Change what is said of a company; needs `companies:edit`. ConflictError, RequestError."""
    access.require("companies:edit")
    check(details)
    before = await _seen(connection, access, company_id)
    if before.version != version:
        raise ConflictError(before)
    if access.user_type != "A" and _fixed(before.details) != _fixed(details):
        raise RequestError(Problem("category", "or licence is not yours to change", "ask support"))
    try:
        async with connection.begin_nested():
            after = await _write(connection, before, {**_row(details), "changed_at": now})
    except IntegrityError:
        raise RequestError(_taken(details)) from None
    await entries.record(
        connection, access, "companies", "edit", company_id, old=attrs.asdict(before.details),
        new=attrs.asdict(details), reason=reason, now=now, address=address,
    )  # fmt: skip
    return after


async def change_state(
    connection: AsyncConnection,
    access: Access,
    company_id: int,
    change: Change,
    *,
    version: int,
    reason: str,
    now: int,
    address: str = "",
) -> Company:
    """Approve, reject, disable, enable or delete; members of a company not enabled stay out.

    Its devices and records stay. Rejecting needs a reason, which the company is told.
    """
    sources, target, permission = LEADS[change]
    access.require(permission)
    before = await _seen(connection, access, company_id)
    if before.version != version:
        raise ConflictError(before)
    if before.state not in sources:
        what = f"is {before.state}, and so cannot be changed by {change}"
        raise RequestError(Problem("state", what, f"possible from {', '.join(sources)}"))
    if change == "reject" and not reason.strip():
        raise RequestError(Problem("reason", "is missing", "the company is told why"))
    values = {"state": target, "state_reason": printable(reason), "changed_at": now}
    after = await _write(connection, before, values)
    await entries.record(
        connection, access, "companies", change, company_id, old={"state": before.state},
        new={"state": target}, reason=reason, now=now, address=address,
    )  # fmt: skip
    return after


def _visible(access: Access) -> ColumnElement[bool]:
    """Which companies somebody sees: all, or the one they belong to."""
    if access.user_type == "A":
        return companies.c.id.is_not(None)
    return false() if access.company_id is None else companies.c.id == access.company_id


async def _seen(connection: AsyncConnection, access: Access, company_id: int) -> Company:
    row = (
        await connection.execute(
            select(companies).where(companies.c.id == company_id, _visible(access))
        )
    ).one_or_none()
    if row is None:
        what = f"there is no company {company_id}"
        raise RequestError(Problem("company", what, "look in the list"))
    return _company(row)


async def _write(
    connection: AsyncConnection, before: Company, values: Mapping[str, Any]
) -> Company:
    changed = await connection.execute(
        update(companies)
        .where(companies.c.id == before.id, companies.c.version == before.version)
        .values(**values, version=before.version + 1)
        .returning(*companies.c)
    )
    if (row := changed.one_or_none()) is None:
        raise ConflictError(before)
    return _company(row)


def _taken(details: Details) -> Problem:
    return Problem("name", f"{details.name!r} or its licence is taken", "choose another")


def _fixed(details: Details) -> tuple[str, str | None]:
    return details.category, details.licence


def _row(details: Details) -> dict[str, Any]:
    given = {n: printable(v) if v else v for n, v in attrs.asdict(details).items()}
    name = details.name.strip()
    return given | {
        "name": printable(name),
        "folded_name": printable(name.casefold()),
        "mail": details.mail.strip().casefold(),
        "licence": details.licence or None,
    }


def _company(row: Any) -> Company:
    details = Details(**{field.name: getattr(row, field.name) for field in attrs.fields(Details)})
    return Company(
        row.id,
        details,
        row.primary_user_id,
        row.state,
        row.state_reason,
        row.created_at,
        row.changed_at,
        row.version,
    )
