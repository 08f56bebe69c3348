"""Locking, enabling and disabling users, changing their roles, signing them out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts import sessions
from core.accounts.roles import Role
from core.accounts.tables import api_tokens, tickets, users
from core.accounts.users import State, User, check_roles, role_problems, user_of
from core.audit import entries
from core.companies.tables import companies
from core.records import ConflictError, RequestError
from core.thing_model.problems import Problem

Change = Literal["lock", "unlock", "disable", "enable", "delete"]
LEADS: Final[Mapping[Change, tuple[tuple[State, ...], State]]] = {
    "lock": (("active",), "locked"),
    "unlock": (("locked",), "active"),
    "disable": (("active", "locked", "not_activated"), "disabled"),
    "enable": (("disabled",), "active"),
    "delete": (("active", "locked", "not_activated", "disabled"), "deleted"),
}
"""A change, the states that it may be made in, and the state that it leads to."""


async def change_state(
    connection: AsyncConnection,
    access: Access,
    user_id: int,
    change: Change,
    *,
    reason: str,
    now: int,
    address: str = "",
) -> User:
    """Change a user's state; needs `users:lock`, `users:delete` to delete. Raises RequestError.

    Whoever is not active any longer is signed out, and their tokens are good no more.
    """
    access.require("users:delete" if change == "delete" else "users:lock")
    user = await of_access(connection, access, user_id)
    sources, target = LEADS[change]
    if user.id == access.user_id:
        raise RequestError(Problem("user", "is yourself", "let somebody else do it"))
    check_not_above(access, user)
    if user.state not in sources:
        what = f"is {user.state}, and so cannot be changed by {change}"
        raise RequestError(Problem("state", what, f"possible from {', '.join(sources)}"))
    if target != "active":
        await _keep_an_administrator(connection, user)
        if change != "lock":
            await _keep_the_primary(connection, user)
        await end_access(connection, user.id)
    changed = await _write(connection, user, {"state": target, "state_at": now})
    await entries.record(
        connection, access, "accounts", change, user.id,
        old={"state": user.state}, new={"state": target}, reason=reason, now=now, address=address,
    )  # fmt: skip
    return changed


async def set_roles(
    connection: AsyncConnection,
    access: Access,
    user_id: int,
    roles: Sequence[Role],
    *,
    version: int,
    reason: str,
    now: int,
    address: str = "",
) -> User:
    """Give a user these roles in place of those before; needs `users:edit`.

    Sessions end, so that none lives on with other rights. Raises RequestError, ConflictError.
    """
    access.require("users:edit")
    if problems := list(role_problems(roles)):
        raise RequestError(*problems)
    user = await of_access(connection, access, user_id)
    if user.version != version:
        raise ConflictError(user)
    check_not_above(access, user)
    check_roles(access, user.user_type, roles)
    if "administrator" not in roles:
        await _keep_an_administrator(connection, user)
        await _keep_the_primary(connection, user)
    given = " ".join(sorted(set(roles)))
    await sessions.revoke_all(connection, user.id)
    changed = await _write(connection, user, {"roles": given})
    await entries.record(
        connection, access, "accounts", "set_roles", user.id,
        old={"roles": " ".join(user.roles)}, new={"roles": given},
        reason=reason, now=now, address=address,
    )  # fmt: skip
    return changed


async def sign_out(
    connection: AsyncConnection,
    access: Access,
    user_id: int,
    *,
    reason: str,
    now: int,
    address: str = "",
) -> None:
    """End all sessions of a user, who may sign in again; needs `users:lock`. RequestError."""
    access.require("users:lock")
    user = await of_access(connection, access, user_id)
    check_not_above(access, user)
    await sessions.revoke_all(connection, user.id)
    await entries.record(
        connection, access, "accounts", "sign_out", user.id,
        reason=reason, now=now, address=address,
    )  # fmt: skip


async def of_access(connection: AsyncConnection, access: Access, user_id: int) -> User:
    """The user, if they are somebody's to see; raises RequestError as if there were none."""
    query = select(users).where(users.c.id == user_id)
    if access.user_type == "B":
        query = query.where(users.c.company_id == access.company_id)
    elif access.user_type == "C":
        query = query.where(users.c.id == access.user_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise RequestError(Problem("user", f"there is no user {user_id}", "look in the list"))
    return user_of(row)


def check_not_above(access: Access, user: User) -> None:
    """Raises RequestError where a user may do what whoever would change them may not."""
    extra = sorted(grant for grant in user.access.grants if not access.may(grant))
    if extra:
        what = f"may do more than you, such as {extra[0]}"
        raise RequestError(Problem("user", what, "ask an administrator"))


async def end_access(connection: AsyncConnection, user_id: int) -> None:
    """End a user's sessions and tokens; links and steps on their way are good no more."""
    await sessions.revoke_all(connection, user_id)
    for table in (api_tokens, tickets):
        await connection.execute(delete(table).where(table.c.user_id == user_id))


async def _write(connection: AsyncConnection, user: User, values: Mapping[str, Any]) -> User:
    changed = await connection.execute(
        update(users)
        .where(users.c.id == user.id, users.c.version == user.version)
        .values(**values, version=user.version + 1)
        .returning(*users.c)
    )
    if (row := changed.one_or_none()) is None:
        raise ConflictError(user)
    return user_of(row)


async def _keep_an_administrator(connection: AsyncConnection, user: User) -> None:
    """Raises RequestError where nobody else could administrate any longer."""
    if user.user_type != "A" or "administrator" not in user.roles or user.state != "active":
        return
    others = select(func.count()).where(
        users.c.id != user.id,
        users.c.user_type == "A",
        users.c.state == "active",
        users.c.roles.contains("administrator"),
    )
    if not (await connection.execute(others)).scalar_one():
        what = "is the last administrator"
        raise RequestError(Problem("user", what, "make another one first"))


async def _keep_the_primary(connection: AsyncConnection, user: User) -> None:
    """Raises RequestError where a company would lose its primary account."""
    led = select(companies.c.name).where(companies.c.primary_user_id == user.id)
    if (name := await connection.scalar(led)) is not None:
        what = f"is the primary account of {name}"
        raise RequestError(Problem("user", what, "make another member that first"))
