"""Who belongs to companies, how much they look after, and the primary account of each."""

from collections.abc import Sequence

from attrs import frozen
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts.tables import users
from core.audit import entries
from core.companies.companies import Company, by_id
from core.companies.tables import companies
from core.fleet.tables import end_users, systems
from core.records import ConflictError, RequestError, change_row
from core.thing_model.problems import Problem


@frozen
class Figures:
    """How many users a company has, and systems it looks after."""

    members: int = 0
    systems: int = 0


async def figures(
    connection: AsyncConnection, access: Access, company_ids: Sequence[int]
) -> dict[int, Figures]:
    """The figures of the companies of a page; needs `companies:read`."""
    access.require("companies:read")
    seen = [id_ for id_ in company_ids if _sees(access, id_)]
    people = await _counts(connection, users.c.company_id, seen, users.c.state != "deleted")
    stock = await _counts(connection, systems.c.company_id, seen)
    return {id_: Figures(people.get(id_, 0), stock.get(id_, 0)) for id_ in seen}


async def companies_of(connection: AsyncConnection, access: Access, user_id: int) -> list[int]:
    """The companies that a user belongs to, or is an end user of, as far as somebody sees them."""
    access.require("companies:read")
    belongs = select(users.c.company_id).where(users.c.id == user_id)
    contact = select(end_users.c.company_id).where(end_users.c.user_id == user_id)
    query = select(companies.c.id).where(companies.c.id.in_(belongs.union(contact)))
    return [id_ for id_ in await connection.scalars(query) if _sees(access, id_)]


async def set_primary(
    connection: AsyncConnection,
    access: Access,
    company_id: int,
    user_id: int,
    *,
    version: int,
    reason: str = "",
    now: int,
    address: str = "",
) -> Company:
    """Make a member the primary account; needs `companies:edit`. ConflictError, RequestError.

    It is an active administrator of the company, and cannot be removed while it is primary.
    """
    access.require("companies:edit")
    company = await by_id(connection, access, company_id)
    if company is None:
        what = f"there is no company {company_id}"
        raise RequestError(Problem("company_id", what, "look in the list"))
    query = select(users.c.state, users.c.roles).where(
        users.c.id == user_id, users.c.company_id == company_id
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None or row.state != "active" or "administrator" not in row.roles.split():
        what = "is no active administrator of the company"
        raise RequestError(Problem("user_id", what, "give them the role first"))
    values = {"primary_user_id": user_id, "changed_at": now}
    if await change_row(connection, companies.c.id, company_id, version, values) is None:
        raise ConflictError(company)
    await entries.record(
        connection, access, "companies", "set_primary", company_id,
        old={"primary_user_id": company.primary_user_id}, new={"primary_user_id": user_id},
        reason=reason, now=now, address=address,
    )  # fmt: skip
    after = await by_id(connection, access, company_id)
    return after or company


def _sees(access: Access, company_id: int) -> bool:
    return access.user_type == "A" or company_id == access.company_id


async def _counts(
    connection: AsyncConnection,
    column: ColumnElement[int | None],
    ids: Sequence[int],
    *which: ColumnElement[bool],
) -> dict[int, int]:
    query = select(column, func.count()).where(column.in_(ids), *which).group_by(column)
    return {id_: number for id_, number in await connection.execute(query) if id_ is not None}
