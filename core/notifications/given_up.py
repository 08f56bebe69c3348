"""Messages that could not be delivered and are not tried again by themselves."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.notifications.tables import notifications

DAYS: Final = 7
"""Older ones are told of by the list alone."""
MANY: Final = 10_000
"""More are not counted."""

Owner = int | None
"""The company whose rule it is, None the platform's."""


async def by_owner(connection: AsyncConnection, now: int) -> Mapping[Owner, int]:
    """How many of the last days there are, by whose they are; sent again, one is none any more."""
    recent = (
        select(notifications.c.owner_id)
        .where(notifications.c.state == "failed", notifications.c.created_at > now - DAYS * _DAY)
        .limit(MANY)
        .subquery()
    )
    query = select(recent.c.owner_id, func.count()).group_by(recent.c.owner_id)
    return {row[0]: row[1] for row in await connection.execute(query)}


_DAY: Final = 86_400_000
