"""Saving views, sharing them with one's company, and which of them a list opens with."""

from typing import Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.records import RequestError, printable
from core.thing_model.problems import Problem
from core.views.tables import default_views, saved_views

LONGEST: Final = 64
LONGEST_PART: Final = 8_192
MOST: Final = 200


@frozen
class View:
    """A saved view. Each part is a piece of an address, or None where the view leaves it alone.

    `own` says that the asker made it, `opens` that the list opens with it.
    """

    id: int
    name: str
    shared: bool
    filters: str | None
    columns: str | None
    sort: str | None
    own: bool
    opens: bool


@frozen
class NewView:
    """A view as somebody saves it."""

    resource: str
    name: str
    shared: bool = False
    filters: str | None = None
    columns: str | None = None
    sort: str | None = None


async def of_resource(connection: AsyncConnection, access: Access, resource: str) -> list[View]:
    """The asker's own views of a list, and those that others of the company share; by name."""
    if access.user_id is None:
        return []
    query = (
        select(saved_views, default_views.c.view_id.is_not(None).label("opens"))
        .outerjoin(
            default_views,
            and_(
                default_views.c.view_id == saved_views.c.id,
                default_views.c.user_id == access.user_id,
            ),
        )
        .where(saved_views.c.resource == resource, _visible(access))
        .order_by(saved_views.c.name, saved_views.c.id)
        .limit(MOST)
    )
    return [_view(row, access) for row in await connection.execute(query)]


async def save(connection: AsyncConnection, access: Access, given: NewView, now: int) -> int:
    """Save a view, and return its id; one of the same name is replaced. Raises RequestError."""
    access.require("views:create")
    if access.user_id is None:
        raise RequestError(Problem("name", "views are kept by user", "sign in"))
    _check(given)
    same = (
        saved_views.c.user_id == access.user_id,
        saved_views.c.resource == given.resource,
        saved_views.c.name == given.name,
    )
    await connection.execute(delete(saved_views).where(*same))
    await _keep_few(connection, access.user_id, given.resource)
    row = {
        "resource": given.resource,
        "name": printable(given.name),
        "user_id": access.user_id,
        "company_id": access.company_id,
        "shared": given.shared,
        "filters": given.filters,
        "columns": given.columns,
        "sort": given.sort,
        "created_at": now,
    }
    try:
        done = await connection.execute(insert(saved_views).values(row).returning(saved_views.c.id))
    except IntegrityError:
        problem = Problem("name", "was saved at the same moment", "look at the list again")
        raise RequestError(problem) from None
    return int(done.scalar_one())


async def remove(connection: AsyncConnection, access: Access, view_id: int) -> bool:
    """Remove a view of the asker's own; says whether there was one."""
    access.require("views:delete")
    own = (saved_views.c.id == view_id, saved_views.c.user_id == access.user_id)
    return bool((await connection.execute(delete(saved_views).where(*own))).rowcount)


async def open_with(
    connection: AsyncConnection, access: Access, resource: str, view_id: int | None
) -> None:
    """Let the list open with a view that the asker sees, or with none; raises RequestError."""
    access.require("views:edit")
    mine = (default_views.c.user_id == access.user_id, default_views.c.resource == resource)
    await connection.execute(delete(default_views).where(*mine))
    if view_id is None:
        return
    seen = select(saved_views.c.id).where(
        saved_views.c.id == view_id, saved_views.c.resource == resource, _visible(access)
    )
    if (await connection.execute(seen)).one_or_none() is None:
        raise RequestError(Problem("view", "is not there", "choose another"))
    row = {"user_id": access.user_id, "resource": resource, "view_id": view_id}
    await connection.execute(insert(default_views).values(row))


def _visible(access: Access) -> ColumnElement[bool]:
    company = saved_views.c.company_id
    same = company.is_(None) if access.company_id is None else company == access.company_id
    if access.user_type == "C":
        return saved_views.c.user_id == access.user_id
    return or_(saved_views.c.user_id == access.user_id, and_(saved_views.c.shared, same))


def _check(given: NewView) -> None:
    if not given.name.strip() or len(given.name) > LONGEST:
        raise RequestError(Problem("name", "is no name", f"1 to {LONGEST} characters"))
    parts = (given.filters, given.columns, given.sort)
    if all(part is None for part in parts):
        raise RequestError(Problem("parts", "nothing is to be kept", "tick one of the parts"))
    if any(len(part) > LONGEST_PART for part in parts if part):
        raise RequestError(Problem("parts", "are too long", "use fewer filters"))


async def _keep_few(connection: AsyncConnection, user_id: int, resource: str) -> None:
    mine = (saved_views.c.user_id == user_id, saved_views.c.resource == resource)
    number = await connection.execute(select(func.count()).select_from(saved_views).where(*mine))
    if number.scalar_one() >= MOST:
        problem = Problem("name", f"{MOST} views are saved already", "remove some of them")
        raise RequestError(problem)


def _view(row: Any, access: Access) -> View:
    own = row.user_id == access.user_id
    return View(
        row.id, row.name, row.shared, row.filters, row.columns, row.sort, own, bool(row.opens)
    )
