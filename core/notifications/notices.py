"""What somebody is told in the portal, and has read or not."""

from typing import Any, Final

from attrs import frozen
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.notifications.listed import own
from core.notifications.tables import notifications


@frozen
class Notice:
    """One thing that somebody was told."""

    id: int
    created_at: int
    severity: str
    subject: str
    read_at: int | None


async def newest(connection: AsyncConnection, access: Access, limit: int) -> list[Notice]:
    """One's own, those that were not read, the newest first."""
    columns = (notifications.c[name] for name in ("id", "created_at", "severity", "subject"))
    query = select(*columns, notifications.c.read_at).where(own(access), _UNREAD)
    found = await connection.execute(query.order_by(notifications.c.id.desc()).limit(limit))
    return [_notice(row) for row in found]


async def unread(connection: AsyncConnection, access: Access) -> int:
    """How many of one's own are not read."""
    query = select(func.count()).select_from(notifications).where(own(access), _UNREAD)
    return int((await connection.execute(query)).scalar_one())


async def mark_read(
    connection: AsyncConnection, access: Access, now: int, *, only: int | None = None
) -> int:
    """Note that one's own notices were read, all or one; returns how many that were."""
    terms = [own(access), _UNREAD, *([] if only is None else [notifications.c.id == only])]
    done = await connection.execute(update(notifications).where(*terms).values(read_at=now))
    return done.rowcount


def _notice(row: Any) -> Notice:
    return Notice(*row)


_UNREAD: Final = notifications.c.read_at.is_(None)
