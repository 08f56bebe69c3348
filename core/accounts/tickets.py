"""Tickets: tokens that are good once and for a short while, each for one purpose."""

from typing import Final, Literal

from attrs import frozen
from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.accounts.tables import tickets
from core.accounts.tokens import new_token, token_hash

Purpose = Literal["invite", "reset", "second_step"]
LIFE: Final[dict[Purpose, int]] = {
    "invite": 7 * 86_400_000,
    "reset": 3_600_000,
    "second_step": 300_000,
}


@frozen
class Ticket:
    """What a ticket was given out for."""

    user_id: int
    data: str


async def give(
    connection: AsyncConnection, purpose: Purpose, user_id: int, now: int, data: str = ""
) -> str:
    """A ticket of a user; one of the same purpose made before is good no more."""
    token = new_token()
    await void(connection, user_id, purpose)
    await connection.execute(
        insert(tickets).values(
            token_hash=token_hash(token),
            purpose=purpose,
            user_id=user_id,
            data=data,
            created_at=now,
            expires_at=now + LIFE[purpose],
        )
    )
    return token


async def look(
    connection: AsyncConnection, purpose: Purpose, token: str, now: int
) -> Ticket | None:
    """What a ticket is good for, without spending it; None if for nothing."""
    query = tickets.select().where(
        tickets.c.token_hash == token_hash(token),
        tickets.c.purpose == purpose,
        tickets.c.expires_at > now,
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Ticket(row.user_id, row.data)


async def spend(
    connection: AsyncConnection, purpose: Purpose, token: str, now: int
) -> Ticket | None:
    """Spend a ticket; None if it is not good, or not for this. Of two at once one gets it."""
    spent = await connection.execute(
        delete(tickets)
        .where(
            tickets.c.token_hash == token_hash(token),
            tickets.c.purpose == purpose,
            tickets.c.expires_at > now,
        )
        .returning(tickets.c.user_id, tickets.c.data)
    )
    row = spent.one_or_none()
    return None if row is None else Ticket(*row)


async def void(connection: AsyncConnection, user_id: int, purpose: Purpose) -> None:
    """Take back a user's tickets of a purpose."""
    own = (tickets.c.user_id == user_id, tickets.c.purpose == purpose)
    await connection.execute(delete(tickets).where(*own))


async def sweep(connection: AsyncConnection, now: int) -> int:
    """Forget tickets that are over; returns how many."""
    return (await connection.execute(delete(tickets).where(tickets.c.expires_at <= now))).rowcount
