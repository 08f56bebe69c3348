"""Signing in: the same answer for every wrong pair of name and password, and not too often."""

from typing import Final

from attrs import frozen
from sqlalchemy import delete, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts import second_factor, sessions, tickets
from core.accounts.passwords import folded, verify_password
from core.accounts.policy import USUAL, Policy
from core.accounts.sealing import Seal
from core.accounts.tables import sign_in_attempts, users
from core.accounts.users import Begin, User, by_id, by_name
from core.audit import entries

WINDOW: Final = 900_000
MOST_PER_NAME: Final = 10
MOST_PER_ADDRESS: Final = 50
MOST_PER_CODE: Final = 5


class SignInError(ValueError):
    """Name and password do not belong together, or the user may not sign in."""


class TooManyAttemptsError(SignInError):
    """So many attempts failed that no other is taken for `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"too many attempts: try again in {retry_after} seconds")


@frozen
class SignedIn:
    """Who signed in, and the token of the new session, or of the ticket for the second step."""

    user: User
    token: str
    needs_code: bool = False


async def sign_in(  # noqa: PLR0917  who, from where and when
    begin: Begin,
    name: str,
    password: str,
    address: str,
    now: int,
    client: str = "",
    policy: Policy = USUAL,
) -> SignedIn:
    """Begin a session; raises SignInError, or TooManyAttemptsError.

    An attempt counts before the password is looked at, so that many at once gain nothing; a success
    gives the account its attempts back. `address` is where the request came from.
    """
    subject = f"name:{folded(name)[:128]}"
    async with begin() as connection:
        waits = [
            await charge(connection, subject, MOST_PER_NAME, now),
            await charge(connection, f"address:{address[:64]}", MOST_PER_ADDRESS, now),
        ]
        found = await by_name(connection, name)
    user = found[0] if found else None
    if longest := max(waits):
        await _note(begin, user, name, "sign_in_refused", address, now)
        raise TooManyAttemptsError(-(-longest // 1000))
    right = await verify_password(found[1] if found else None, password)
    if user is None or not right or user.state != "active" or user.user_type not in policy.open_to:
        await _note(begin, user, name, "sign_in_failed", address, now)
        raise SignInError("name and password do not belong together")
    async with begin() as connection:
        await forgive(connection, subject)
        if user.has_second_factor:
            ticket = await tickets.give(connection, "second_step", user.id, now)
            return SignedIn(user, ticket, needs_code=True)
        token = await enter(connection, user, address, now, client, policy)
    return SignedIn(user, token)


async def second_step(  # noqa: PLR0917  who, from where and when
    begin: Begin,
    seal: Seal,
    ticket: str,
    code: str,
    address: str,
    now: int,
    client: str = "",
    policy: Policy = USUAL,
) -> SignedIn:
    """Begin the session of whoever got a ticket for it; raises SignInError.

    A wrong code spends nothing but an attempt, of which there are few.
    """
    async with begin() as connection:
        found = await tickets.look(connection, "second_step", ticket, now)
        user = await by_id(connection, found.user_id) if found else None
        if user is None or user.state != "active":
            raise SignInError("this took too long: sign in again")
        subject = f"code:{user.id}"
        wait = await charge(connection, subject, MOST_PER_CODE, now)
    if wait:
        await _note(begin, user, user.name, "sign_in_refused", address, now)
        raise TooManyAttemptsError(-(-wait // 1000))
    async with begin() as connection:
        right = await second_factor.take(connection, seal, user.id, code, now)
        if right and await tickets.spend(connection, "second_step", ticket, now):
            await forgive(connection, subject)
            return SignedIn(user, await enter(connection, user, address, now, client, policy))
    await _note(begin, user, user.name, "sign_in_failed", address, now)
    raise SignInError("the code is not right, or was used already")


async def enter(  # noqa: PLR0917  who, from where and when
    connection: AsyncConnection,
    user: User,
    address: str,
    now: int,
    client: str = "",
    policy: Policy = USUAL,
) -> str:
    """Begin the session of somebody who proved who they are; returns its token."""
    token = await sessions.start(connection, user.id, address[:64], now, client, policy)
    await connection.execute(update(users).where(users.c.id == user.id).values(last_sign_in_at=now))
    await entries.record(
        connection, user.access, "accounts", "sign_in", user.id,
        new={"client": client[:200]}, now=now, address=address,
    )  # fmt: skip
    return token


async def forgive(connection: AsyncConnection, subject: str) -> None:
    """Give a subject its attempts back."""
    await connection.execute(delete(sign_in_attempts).where(sign_in_attempts.c.subject == subject))


async def _note(  # noqa: PLR0917  who, from where and when
    begin: Begin, user: User | None, name: str, action: str, address: str, now: int
) -> None:
    """Record an attempt that failed; nobody is known to have made it."""
    nobody = Access(None, "", "C", None, frozenset())
    said = {"name": folded(name)[:128]}
    async with begin() as connection:
        await entries.record(
            connection, nobody, "accounts", action, user.id if user else "",
            new=said, now=now, address=address,
        )  # fmt: skip


async def charge(connection: AsyncConnection, subject: str, most: int, now: int) -> int:
    """Count an attempt of a subject; the milliseconds to wait, 0 if it may be made."""
    row = (
        await connection.execute(_CHARGE, {"subject": subject, "now": now, "old": now - WINDOW})
    ).one()
    return row[0] + WINDOW - now if row[1] > most else 0


_CHARGE: Final = text(
    "INSERT INTO sign_in_attempts (subject, began_at, count) VALUES (:subject, :now, 1) "
    "ON CONFLICT (subject) DO UPDATE SET "
    "count = CASE WHEN sign_in_attempts.began_at <= :old THEN 1 "
    "ELSE sign_in_attempts.count + 1 END, "
    "began_at = CASE WHEN sign_in_attempts.began_at <= :old THEN excluded.began_at "
    "ELSE sign_in_attempts.began_at END "
    "RETURNING began_at, count"
)
