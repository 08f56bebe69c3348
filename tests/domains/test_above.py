"""Nobody locks, resets or changes the roles of somebody who may do more than they."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM, Access, AccessError
from core.accounts import api_tokens, credentials, second_factor, sessions, states, users
from core.accounts.policy import Policy
from core.accounts.roles import grants_of
from core.accounts.users import NewUser, User
from core.audit import entries
from core.records import RequestError
from core.runtime.database import Database
from tests.devices import START

STRICT = Policy(second_factor=True)
MANAGING = {"users:read", "users:edit", "users:lock", "users:reset", "users:delete"}
LEA = Access(9_999, "lea", "A", None, grants_of("A", ["operations"]) | MANAGING)
"""Somebody who manages users, and is no administrator."""

Act = Callable[[AsyncConnection, Access, User], Awaitable[object]]


async def lock(connection: AsyncConnection, access: Access, user: User) -> object:
    return await states.change_state(connection, access, user.id, "lock", reason="", now=START)


async def delete(connection: AsyncConnection, access: Access, user: User) -> object:
    return await states.change_state(connection, access, user.id, "delete", reason="", now=START)


async def demote(connection: AsyncConnection, access: Access, user: User) -> object:
    return await states.set_roles(
        connection, access, user.id, ["read_only"], version=user.version, reason="", now=START
    )


async def reset(connection: AsyncConnection, access: Access, user: User) -> object:
    return await credentials.link(connection, access, user.id, "reset", now=START)


async def disarm(connection: AsyncConnection, access: Access, user: User) -> object:
    return await second_factor.remove(connection, access, user.id, now=START)


@pytest.mark.parametrize("act", [lock, delete, demote, reset, disarm])
async def test_the_higher_are_out_of_reach(database: Database, act: Act) -> None:
    ann, eve, tom = [
        await _user(database, name, role)
        for name, role in (("ann", "administrator"), ("eve", "administrator"), ("tom", "l2"))
    ]
    async with database.begin() as connection:
        with pytest.raises(RequestError, match="may do more than you"):
            await act(connection, LEA, eve)
        await act(connection, LEA, tom)
        await act(connection, ann.access, eve)


async def test_another_second_factor_is_removed_with_the_sessions(database: Database) -> None:
    tom = await _user(database, "tom", "l2")
    async with database.begin() as connection:
        await sessions.start(connection, tom.id, "", START)
        await second_factor.remove(connection, LEA, tom.id, now=START)
        assert await sessions.of_user(connection, tom.id, START) == []


async def test_a_token_needs_the_second_factor_where_one_is_demanded(database: Database) -> None:
    tom = await _user(database, "tom", "l2")
    async with database.begin() as connection:

        async def make(policy: Policy) -> str:
            return await api_tokens.make(
                connection, tom.access, "meters", ["systems:read"],
                expires_at=START + 1_000, now=START, policy=policy,
            )  # fmt: skip

        with pytest.raises(RequestError, match="has no second factor"):
            await make(STRICT)
        token = await make(Policy())
        assert await api_tokens.access_of(connection, token, START, Policy()) is not None
        assert await api_tokens.access_of(connection, token, START, STRICT) is None


async def test_the_log_of_an_account_is_ones_own_or_an_auditors(database: Database) -> None:
    tom, eve = await _user(database, "tom", "l2"), await _user(database, "eve", "l1")
    async with database.read() as connection:
        assert await entries.of_user(connection, tom.access, tom.id)
        assert await entries.of_user(connection, LEA, tom.id)
        with pytest.raises(AccessError, match="audit:read"):
            await entries.of_user(connection, tom.access, eve.id)


async def _user(database: Database, name: str, role: str) -> User:
    given = NewUser(name, "correct horse battery staple", roles=(role,))  # type: ignore[arg-type]
    return await users.create(database.begin, PLATFORM, given, START)
