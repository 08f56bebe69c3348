"""Sessions: who is signed in. Ids come from here alone; one that is not known is nobody's.

A session ends when it is revoked, when its user or company is no longer active, and after the times
of the policy. Give it a new id with `rotate` when more was proved; a change of rights ends it.
"""

from typing import Any, Final, cast

from attrs import frozen
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access, UserType
from core.accounts.policy import USUAL, Policy
from core.accounts.roles import Role, grants_of
from core.accounts.tables import sessions, users
from core.accounts.tokens import new_token, token_hash
from core.companies.tables import companies

TOUCH_STEP: Final = 60_000


@frozen
class Session:
    """A session that holds, and whose it is."""

    id: int
    user_id: int
    access: Access
    address: str
    client: str
    created_at: int
    last_used_at: int
    expires_at: int
    proved_at: int

    @property
    def user_name(self) -> str:
        return self.access.name

    def needs_touch(self, now: int) -> bool:
        """Whether its last use was noted so long ago that it should be noted anew."""
        return now - self.last_used_at >= TOUCH_STEP

    def is_fresh(self, now: int, policy: Policy = USUAL) -> bool:
        """Whether its password or code was asked for a moment ago, as sensitive actions need."""
        return now - self.proved_at < policy.fresh


async def start(  # noqa: PLR0917  whose, from where and when
    connection: AsyncConnection,
    user_id: int,
    address: str,
    now: int,
    client: str = "",
    policy: Policy = USUAL,
) -> str:
    """Begin a session and return its token, which is not kept."""
    token = new_token()
    await connection.execute(
        insert(sessions).values(
            token_hash=token_hash(token),
            user_id=user_id,
            address=address,
            created_at=now,
            last_used_at=now,
            expires_at=now + policy.life,
            client=client[:200],
            proved_at=now,
        )
    )
    return token


async def by_token(
    connection: AsyncConnection, token: str, now: int, policy: Policy = USUAL
) -> Session | None:
    """The session of this token; None where it is unknown or over."""
    query = _holding(now, policy).where(sessions.c.token_hash == token_hash(token))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _session(row)


async def of_user(
    connection: AsyncConnection, user_id: int, now: int, policy: Policy = USUAL
) -> list[Session]:
    """The sessions of a user, newest first."""
    query = _holding(now, policy).where(sessions.c.user_id == user_id)
    found = await connection.execute(query.order_by(sessions.c.id.desc()))
    return [_session(row) for row in found]


async def touch(connection: AsyncConnection, session_id: int, now: int) -> None:
    """Note that a session is in use; once a minute is enough (`Session.needs_touch`)."""
    await connection.execute(
        update(sessions).where(sessions.c.id == session_id).values(last_used_at=now)
    )


async def rotate(connection: AsyncConnection, token: str, now: int) -> str | None:
    """Another token for a session whose user proved it anew; the old one is nobody's then."""
    fresh = new_token()
    changed = await connection.execute(
        update(sessions)
        .where(sessions.c.token_hash == token_hash(token), sessions.c.expires_at > now)
        .values(token_hash=token_hash(fresh), last_used_at=now, proved_at=now)
    )
    return fresh if changed.rowcount else None


async def revoke(connection: AsyncConnection, token: str) -> None:
    """End a session."""
    await connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash(token)))


async def revoke_one(connection: AsyncConnection, user_id: int, session_id: int) -> bool:
    """End one session of a user; False where it is not theirs."""
    own = (sessions.c.id == session_id, sessions.c.user_id == user_id)
    return bool((await connection.execute(delete(sessions).where(*own))).rowcount)


async def revoke_all(connection: AsyncConnection, user_id: int) -> None:
    """End all sessions of a user."""
    await connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


async def sweep(connection: AsyncConnection, now: int, policy: Policy = USUAL) -> int:
    """Forget sessions that are over; returns how many."""
    over = or_(sessions.c.expires_at <= now, sessions.c.last_used_at <= now - policy.idle)
    return (await connection.execute(delete(sessions).where(over))).rowcount


def _holding(now: int, policy: Policy) -> Any:
    return (
        select(*_COLUMNS)
        .join(users, users.c.id == sessions.c.user_id)
        .outerjoin(companies, companies.c.id == users.c.company_id)
        .where(
            sessions.c.expires_at > now,
            sessions.c.last_used_at > now - policy.idle,
            users.c.state == "active",
            users.c.user_type.in_(sorted(policy.open_to)),
            or_(users.c.company_id.is_(None), companies.c.state == "enabled"),
        )
    )


def _session(row: Any) -> Session:
    id_, user_id, name, user_type, roles, company_id, *rest = row
    access = access_of(user_id, name, user_type, roles, company_id)
    return Session(id_, user_id, access, *rest)


def access_of(
    user_id: int, name: str, user_type: UserType, roles: str, company_id: int | None
) -> Access:
    """What somebody with these columns of `users` may do."""
    given = cast("list[Role]", roles.split())
    return Access(user_id, name, user_type, company_id, grants_of(user_type, given))


_COLUMNS: Final = (
    sessions.c.id,
    sessions.c.user_id,
    *(users.c[n] for n in ("name", "user_type", "roles", "company_id")),
    *(sessions.c[n] for n in ("address", "client", "created_at", "last_used_at", "expires_at")),
    sessions.c.proved_at,
)
