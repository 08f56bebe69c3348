"""Users: their names, passwords and roles, and the first of them."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Literal, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from attrs import frozen
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.accounts.tables import setup_tokens, users
from core.accounts.tokens import new_token, token_hash
from core.records import RequestError
from core.thing_model.problems import Problem

Role = Literal["admin", "operator", "viewer"]
ROLES: Final[tuple[Role, ...]] = ("admin", "operator", "viewer")
SETUP_LIFE: Final = 24 * 3_600_000
SHORTEST: Final = 12
LONGEST: Final = 128
TELLING: Final = 4
"""Characters from which on a name may not be part of the password."""

_HASHER: Final = PasswordHasher()
_NOBODY: Final = _HASHER.hash(new_token())
"""Checked in place of an unknown user's hash, so that the answer takes as long."""


class Begin(Protocol):
    """Opens a transaction: `Database.begin`."""

    def __call__(self) -> AbstractAsyncContextManager[AsyncConnection]: ...


@frozen
class User:
    """Who somebody is, without the secret."""

    id: int
    name: str
    role: Role
    created_at: int
    disabled_at: int | None


async def create_setup_token(connection: AsyncConnection, now: int) -> str | None:
    """A token, good for a day, that lets the first user be made; None where there are users.

    A token made before is no longer good.
    """
    if await count(connection):
        return None
    token = new_token()
    await connection.execute(delete(setup_tokens))
    await connection.execute(
        insert(setup_tokens).values(
            token_hash=token_hash(token), created_at=now, expires_at=now + SETUP_LIFE
        )
    )
    return token


async def set_up(begin: Begin, token: str, name: str, password: str, now: int) -> User:
    """Make the first user, an admin, and spend the token; raises RequestError."""
    problems = list(_problems(name, password))
    if problems:
        raise RequestError(*problems)
    hashed = await hash_password(password)
    async with begin() as connection:
        spent = await connection.execute(
            delete(setup_tokens).where(
                setup_tokens.c.token_hash == token_hash(token), setup_tokens.c.expires_at > now
            )
        )
        if spent.rowcount != 1 or await count(connection):
            hint = "start the portal's set-up again to get a new one"
            raise RequestError(Problem("token", "is not good, or no longer", hint))
        return await _insert(connection, name, hashed, "admin", now)


async def create(begin: Begin, name: str, password: str, role: Role, now: int) -> User:
    """Make another user; raises RequestError."""
    problems = list(_problems(name, password))
    if role not in ROLES:
        problems.append(Problem("role", f"{role!r} is not a role", f"one of {', '.join(ROLES)}"))
    if problems:
        raise RequestError(*problems)
    hashed = await hash_password(password)
    try:
        async with begin() as connection:
            return await _insert(connection, name, hashed, role, now)
    except IntegrityError:
        raise RequestError(Problem("name", f"{name!r} is taken", "choose another")) from None


async def count(connection: AsyncConnection) -> int:
    """How many users there are."""
    return int((await connection.execute(select(func.count()).select_from(users))).scalar_one())


async def by_id(connection: AsyncConnection, user_id: int) -> User | None:
    """The user of this id."""
    row = (await connection.execute(select(users).where(users.c.id == user_id))).one_or_none()
    return None if row is None else _user(row)


async def by_name(connection: AsyncConnection, name: str) -> tuple[User, str] | None:
    """The user of this name, in whatever case, and the password's hash."""
    query = select(users).where(users.c.name == folded(name))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (_user(row), row.password_hash)


async def disable(connection: AsyncConnection, user_id: int, now: int) -> None:
    """Keep a user from signing in; revoke the sessions too (`sessions.revoke_all`)."""
    await connection.execute(update(users).where(users.c.id == user_id).values(disabled_at=now))


async def hash_password(password: str) -> str:
    """argon2id, in a thread: it takes tens of milliseconds."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def verify_password(hashed: str | None, password: str) -> bool:
    """Whether the password is right; takes as long where there is no hash to compare with."""

    def verify() -> bool:
        try:
            _HASHER.verify(hashed or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    return await asyncio.to_thread(verify)


def folded(name: str) -> str:
    """The form in which names are kept and compared."""
    return name.strip().casefold()


def _problems(name: str, password: str) -> Iterator[Problem]:
    if not 1 <= len(folded(name)) <= LONGEST or not folded(name).isprintable():
        yield Problem("name", "is empty, too long or not printable", f"1 to {LONGEST} characters")
    if not SHORTEST <= len(password) <= LONGEST:
        what = f"has {len(password)} characters"
        yield Problem("password", what, f"{SHORTEST} to {LONGEST}, such as four words")
    elif len(folded(name)) >= TELLING and folded(name) in password.casefold():
        yield Problem("password", "contains the name", "choose one that does not")


async def _insert(
    connection: AsyncConnection, name: str, hashed: str, role: Role, now: int
) -> User:
    row = {"name": folded(name), "password_hash": hashed, "role": role, "created_at": now}
    result = await connection.execute(insert(users).values(row).returning(*users.c))
    return _user(result.one())


def _user(row: Any) -> User:
    return User(row.id, row.name, row.role, row.created_at, row.disabled_at)
