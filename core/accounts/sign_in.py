"""Signing in: the same answer for every wrong pair of name and password, and not too often."""

from typing import Final

from attrs import frozen
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.accounts import sessions
from core.accounts.tables import sign_in_attempts
from core.accounts.users import Begin, User, by_name, folded, verify_password

WINDOW: Final = 900_000
MOST_PER_NAME: Final = 10
MOST_PER_ADDRESS: Final = 50


class SignInError(ValueError):
    """Name and password do not belong together, or the user may not sign in."""


class TooManyAttemptsError(SignInError):
    """So many attempts failed that no other is taken for `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"too many attempts: try again in {retry_after} seconds")


@frozen
class SignedIn:
    """Who signed in, and the token of the new session."""

    user: User
    token: str


async def sign_in(begin: Begin, name: str, password: str, address: str, now: int) -> SignedIn:
    """Begin a session; raises SignInError, or TooManyAttemptsError.

    An attempt counts before the password is looked at, so that many at once gain nothing; a success
    gives the account its attempts back. `address` is where the request came from.
    """
    subject = f"name:{folded(name)[:128]}"
    async with begin() as connection:
        waits = [
            await _charge(connection, subject, MOST_PER_NAME, now),
            await _charge(connection, f"address:{address[:64]}", MOST_PER_ADDRESS, now),
        ]
        found = await by_name(connection, name)
    if longest := max(waits):
        raise TooManyAttemptsError(-(-longest // 1000))
    right = await verify_password(found[1] if found else None, password)
    if found is None or not right or found[0].disabled_at is not None:
        raise SignInError("name and password do not belong together")
    async with begin() as connection:
        await connection.execute(
            delete(sign_in_attempts).where(sign_in_attempts.c.subject == subject)
        )
        token = await sessions.start(connection, found[0].id, address[:64], now)
    return SignedIn(found[0], token)


async def _charge(connection: AsyncConnection, subject: str, most: int, now: int) -> int:
    """Count an attempt; the milliseconds to wait, 0 if it may be made."""
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
