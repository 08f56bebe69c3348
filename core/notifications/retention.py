"""Messages that are older than they are to be kept: deleted, unless they still wait to be sent."""

from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.notifications.tables import notifications

DAY: Final = 86_400_000
STEP: Final = 2_000


async def step(connection: AsyncConnection, before: int, size: int = STEP) -> int:
    """Delete up to `size` messages written before that (UTC ms); returns how many, 0 at the end."""
    over = notifications.c.state != "queued"
    first = (
        select(notifications.c.id)
        .where(notifications.c.created_at < before, over)
        .order_by(notifications.c.created_at, notifications.c.id)
        .limit(size)
    )
    gone = delete(notifications).where(notifications.c.id.in_(first), over)
    return (await connection.execute(gone)).rowcount
