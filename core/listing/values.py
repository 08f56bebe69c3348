"""The different values of a column that has few of them, by as many look-ups in its index."""

from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

MOST: Final = 200


async def distinct(
    connection: AsyncConnection, column: ColumnElement[Any], source: FromClause
) -> list[str]:
    """The values of a column in order, the first 200; empty ones are left out.

    Neither database skips through an index by itself: each step looks up the next larger value.
    """
    first = select(func.min(column).label("value")).select_from(source)
    steps = first.cte("steps", recursive=True)
    larger = select(func.min(column)).select_from(source).where(column > steps.c.value)
    following = select(larger.scalar_subquery()).where(steps.c.value.is_not(None))
    steps = steps.union_all(following)
    query = select(steps.c.value).where(steps.c.value.is_not(None)).limit(MOST)
    return [value for (value,) in await connection.execute(query) if value not in ("", None)]
