"""The list of users: found by seven dimensions, and counted for the cards above it."""

from typing import Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts.tables import users
from core.accounts.users import User, user_of

COUNT_CAP: Final = 10_000
DAY: Final = 86_400_000


@frozen
class Wanted:
    """Which users; what is None or empty does not matter.

    search: part of a name, or a whole mail address. `since` is included, `until` is not.
    Deleted users are found by their state only.
    """

    search: str = ""
    user_type: str = ""
    role: str = ""
    since: int | None = None
    until: int | None = None
    country: str = ""
    company_id: int | None = None
    state: str = ""


@frozen
class Statistics:
    """Users by type and state, and how many were made on each day (UTC) that saw any."""

    total: int
    by_type: dict[str, int]
    by_state: dict[str, int]
    made_by_day: dict[int, int]


async def page(
    connection: AsyncConnection,
    access: Access,
    wanted: Wanted,
    *,
    before: int | None = None,
    limit: int = 50,
) -> list[User]:
    """Users, the newest first, from behind id `before` on; needs `users:read`."""
    access.require("users:read")
    query = _filtered(select(users), access, wanted)
    if before is not None:
        query = query.where(users.c.id < before)
    found = await connection.execute(query.order_by(users.c.id.desc()).limit(limit))
    return [user_of(row) for row in found]


async def count(
    connection: AsyncConnection, access: Access, wanted: Wanted, *, cap: int = COUNT_CAP
) -> int:
    """How many users fit, counted up to `cap` and no further."""
    access.require("users:read")
    some = _filtered(select(users.c.id), access, wanted).limit(cap).subquery()
    return int((await connection.execute(select(func.count()).select_from(some))).scalar_one())


async def statistics(
    connection: AsyncConnection, access: Access, *, now: int, days: int = 30
) -> Statistics:
    """The numbers above the list; `made_by_day` has the first millisecond of each day as key."""
    access.require("users:read")
    seen = (visible(access), users.c.state != "deleted")
    by_both = select(users.c.user_type, users.c.state, func.count()).where(*seen)
    found = (await connection.execute(by_both.group_by(users.c.user_type, users.c.state))).all()
    by_type: dict[str, int] = {}
    by_state: dict[str, int] = {}
    for user_type, state, number in found:
        by_type[user_type] = by_type.get(user_type, 0) + number
        by_state[state] = by_state.get(state, 0) + number
    day = (users.c.created_at // DAY).label("day")
    newer = users.c.created_at >= (now // DAY - days + 1) * DAY
    trend = select(day, func.count()).where(visible(access), newer).group_by(day).order_by(day)
    made = {int(each) * DAY: number for each, number in await connection.execute(trend)}
    return Statistics(sum(by_type.values()), by_type, by_state, made)


def visible(access: Access) -> ColumnElement[bool]:
    """Which users somebody sees: all, those of their company, or themselves."""
    if access.user_type == "A":
        return true()
    if access.user_type == "B":
        return users.c.company_id == access.company_id
    return users.c.id == access.user_id


def _filtered(query: Select[Any], access: Access, wanted: Wanted) -> Select[Any]:
    query = query.where(visible(access))
    if wanted.search:
        text = wanted.search.strip().casefold()
        part = users.c.name.contains(text, autoescape=True)
        query = query.where(or_(part, users.c.mail == text))
    for name in ("user_type", "country", "company_id", "state"):
        value = getattr(wanted, name)
        if value not in (None, ""):
            query = query.where(users.c[name] == value)
    if not wanted.state:
        query = query.where(users.c.state != "deleted")
    if wanted.role:
        query = query.where((" " + users.c.roles + " ").contains(f" {wanted.role} "))
    if wanted.since is not None:
        query = query.where(users.c.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(users.c.created_at < wanted.until)
    return query
