"""Passwords of one's own, and links by which others get in: invitations and resets."""

from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts import sessions, tickets
from core.accounts.passwords import hash_password, password_problems, verify_password
from core.accounts.sign_in import MOST_PER_CODE, SignInError, TooManyAttemptsError, charge, forgive
from core.accounts.states import check_not_above, end_access, of_access
from core.accounts.tables import users
from core.accounts.tickets import Purpose
from core.accounts.users import Begin, User, by_id
from core.audit import entries
from core.records import RequestError
from core.thing_model.problems import Problem

LINKABLE: Final = {"invite": ("not_activated",), "reset": ("active", "locked")}


async def link(
    connection: AsyncConnection,
    access: Access,
    user_id: int,
    purpose: Purpose,
    *,
    reason: str = "",
    now: int,
    address: str = "",
) -> str:
    """The token of a link for somebody to choose a password by; needs `users:reset`.

    It is shown to whoever asked for it, once. A reset ends the user's sessions at once.
    """
    access.require("users:reset")
    user = await of_access(connection, access, user_id)
    check_not_above(access, user)
    if user.state not in LINKABLE.get(purpose, ()):
        what = f"is {user.state}, for which there is no {purpose} link"
        raise RequestError(Problem("state", what, "enable the account first, or delete it"))
    if purpose == "reset":
        await end_access(connection, user.id)
    token = await tickets.give(connection, purpose, user.id, now)
    await entries.record(
        connection, access, "accounts", f"{purpose}_link", user.id,
        reason=reason, now=now, address=address,
    )  # fmt: skip
    return token


async def holder(connection: AsyncConnection, purpose: Purpose, token: str, now: int) -> User:
    """Whose link this is, without spending it; raises RequestError where it is not good."""
    found = await tickets.look(connection, purpose, token, now)
    user = await by_id(connection, found.user_id or 0) if found else None
    if user is None or user.state not in LINKABLE.get(purpose, ()):
        raise RequestError(Problem("token", "is not good, or no longer", "ask for a new link"))
    return user


async def choose(  # noqa: PLR0917  by what, from where and when
    begin: Begin, purpose: Purpose, token: str, password: str, address: str, now: int
) -> User:
    """Spend a link: the password counts from now on; raises RequestError."""
    async with begin() as connection:
        user = await holder(connection, purpose, token, now)
    hashed = await _good(user, password)
    async with begin() as connection:
        if await tickets.spend(connection, purpose, token, now) is None:
            raise RequestError(Problem("token", "was used meanwhile", "ask for a new link"))
        await _write(connection, user, hashed)
        state = {"state": "active", "state_at": now}
        await connection.execute(
            update(users).where(users.c.id == user.id, users.c.state == user.state).values(**state)
        )
        await entries.record(
            connection, user.access, "accounts", f"{purpose}_used", user.id,
            old={"state": user.state}, new={"state": "active"}, now=now, address=address,
        )  # fmt: skip
    return user


async def change(  # noqa: PLR0917  whose, what, from where and when
    begin: Begin, access: Access, old: str, new: str, address: str, now: int
) -> None:
    """Change one's own password; every session ends. Raises SignInError or RequestError."""
    user = await prove(begin, access, old, now)
    if old == new:
        raise RequestError(Problem("password", "is the old one", "choose another"))
    hashed = await _good(user, new)
    async with begin() as connection:
        await _write(connection, user, hashed)
        await entries.record(
            connection, access, "accounts", "change_credentials", user.id, now=now, address=address
        )


async def prove(begin: Begin, access: Access, password: str, now: int) -> User:
    """The user, if that is their password; few attempts are taken. Raises SignInError."""
    async with begin() as connection:
        subject = f"proof:{access.user_id}"
        wait = await charge(connection, subject, MOST_PER_CODE, now)
        query = select(users.c.password_hash).where(users.c.id == access.user_id)
        hashed = (await connection.execute(query)).scalar_one_or_none()
        user = await by_id(connection, access.user_id or 0)
    if wait:
        raise TooManyAttemptsError(-(-wait // 1000))
    if user is None or not await verify_password(hashed, password):
        raise SignInError("that is not your password")
    async with begin() as connection:
        await forgive(connection, subject)
    return user


async def _good(user: User, password: str) -> str:
    if problems := list(password_problems(user.name, password)):
        raise RequestError(*problems)
    return await hash_password(password)


async def _write(connection: AsyncConnection, user: User, hashed: str) -> None:
    await sessions.revoke_all(connection, user.id)
    await connection.execute(
        update(users).where(users.c.id == user.id).values(password_hash=hashed)
    )
