"""Sessions: who is signed in. Ids come from here alone; one that is not known is nobody's.

A session ends when it is revoked, 2 hours after it was last used, or after a day. Give it a new id
with `rotate` whenever its rights change.
"""

from typing import Any, Final

from attrs import frozen
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.accounts.tables import sessions, users
from core.accounts.tokens import new_token, token_hash
from core.accounts.users import Role

IDLE: Final = 2 * 3_600_000
LIFE: Final = 24 * 3_600_000
TOUCH_STEP: Final = 60_000


@frozen
class Session:
    """A session that holds, and whose it is."""

    id: int
    user_id: int
    user_name: str
    role: Role
    address: str
    created_at: int
    last_used_at: int
    expires_at: int

    def needs_touch(self, now: int) -> bool:
        """Whether its last use was noted so long ago that it should be noted anew."""
        return now - self.last_used_at >= TOUCH_STEP


async def start(connection: AsyncConnection, user_id: int, address: str, now: int) -> str:
    """Begin a session and return its token, which is not kept."""
    token = new_token()
    await connection.execute(
        insert(sessions).values(
            token_hash=token_hash(token),
            user_id=user_id,
            address=address,
            created_at=now,
            last_used_at=now,
            expires_at=now + LIFE,
        )
    )
    return token


async def by_token(connection: AsyncConnection, token: str, now: int) -> Session | None:
    """The session of this token; None where it is unknown, over, or its user is disabled."""
    query = _holding(now).where(sessions.c.token_hash == token_hash(token))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Session(*row)


async def of_user(connection: AsyncConnection, user_id: int, now: int) -> list[Session]:
    """The sessions of a user, newest first."""
    query = _holding(now).where(sessions.c.user_id == user_id).order_by(sessions.c.id.desc())
    return [Session(*row) for row in await connection.execute(query)]


async def touch(connection: AsyncConnection, session_id: int, now: int) -> None:
    """Note that a session is in use; once a minute is enough (`Session.needs_touch`)."""
    await connection.execute(
        update(sessions).where(sessions.c.id == session_id).values(last_used_at=now)
    )


async def rotate(connection: AsyncConnection, token: str, now: int) -> str | None:
    """Give a session another token; the old one is nobody's from then on."""
    session = await by_token(connection, token, now)
    if session is None:
        return None
    fresh = new_token()
    await connection.execute(
        update(sessions)
        .where(sessions.c.id == session.id)
        .values(token_hash=token_hash(fresh), last_used_at=now)
    )
    return fresh


async def revoke(connection: AsyncConnection, token: str) -> None:
    """End a session."""
    await connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash(token)))


async def revoke_all(connection: AsyncConnection, user_id: int) -> None:
    """End all sessions of a user."""
    await connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


async def sweep(connection: AsyncConnection, now: int) -> int:
    """Forget sessions that are over; returns how many."""
    over = or_(sessions.c.expires_at <= now, sessions.c.last_used_at <= now - IDLE)
    return (await connection.execute(delete(sessions).where(over))).rowcount


def _holding(now: int) -> Any:
    columns = (sessions.c.id, users.c.id, users.c.name, users.c.role, sessions.c.address)
    times = (sessions.c.created_at, sessions.c.last_used_at, sessions.c.expires_at)
    return (
        select(*columns, *times)
        .join(users)
        .where(
            sessions.c.expires_at > now,
            sessions.c.last_used_at > now - IDLE,
            users.c.disabled_at.is_(None),
        )
    )
