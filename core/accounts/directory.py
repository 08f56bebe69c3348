"""Which users somebody sees, and how many there are of them."""

from collections.abc import Iterable
from typing import Final

from attrs import frozen
from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts.tables import users
from core.accounts.users import User, user_of

DAY: Final = 86_400_000


@frozen
class Statistics:
    """Users by type and state, and how many were made on each day (UTC) that saw any."""

    total: int
    by_type: dict[str, int]
    by_state: dict[str, int]
    made_by_day: dict[int, int]


async def everybody(connection: AsyncConnection, access: Access) -> list[User]:
    """All users that there are yet, the newest first; needs `users:read`."""
    access.require("users:read")
    there = (visible(access), users.c.state != "deleted")
    found = await connection.execute(select(users).where(*there).order_by(users.c.id.desc()))
    return [user_of(row) for row in found]


async def names(connection: AsyncConnection, access: Access, ids: Iterable[int]) -> dict[int, str]:
    """The names of users by their ids, of those that somebody sees."""
    query = select(users.c.id, users.c.name).where(users.c.id.in_(set(ids)), visible(access))
    return {row[0]: row[1] for row in await connection.execute(query)}


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
