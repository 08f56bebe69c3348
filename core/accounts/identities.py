"""Who somebody is to an OpenID provider, and which user that is here."""

from typing import Final, Literal

from attrs import frozen
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM
from core.accounts import tickets
from core.accounts.passwords import folded, name_problems
from core.accounts.policy import USUAL, Policy
from core.accounts.sign_in import SignedIn, SignInError, enter
from core.accounts.tables import identities, users
from core.accounts.users import Begin, NewUser, User, add_known, by_id, by_name
from core.audit import entries

Unknown = Literal["refuse", "read_only"]
UNKNOWN: Final[tuple[Unknown, ...]] = ("refuse", "read_only")


@frozen
class Claims:
    """What a provider vouches for. `mail` is empty unless it says that it verified it."""

    issuer: str
    subject: str
    mail: str


async def sign_in(  # noqa: PLR0917  who, from where and when
    begin: Begin,
    claims: Claims,
    unknown: Unknown,
    address: str,
    now: int,
    client: str = "",
    policy: Policy = USUAL,
) -> SignedIn:
    """Begin the session of whoever the provider vouches for; raises SignInError.

    Known by issuer and subject; else linked by the verified mail, once. Who is not known then is
    refused, or made a user who may look, never more. A second factor of ours is still asked for.
    """
    async with begin() as connection:
        user = await _known(connection, claims) or await _linked(connection, claims, now)
        if user is None and unknown == "read_only" and claims.mail:
            user = await _made(connection, claims, now, address)
        if user is None or user.state != "active" or user.user_type not in policy.open_to:
            raise SignInError("nobody here is known by this account: ask an administrator")
        if user.has_second_factor:
            ticket = await tickets.give(connection, "second_step", user.id, now)
            return SignedIn(user, ticket, needs_code=True)
        return SignedIn(user, await enter(connection, user, address, now, client, policy))


async def _known(connection: AsyncConnection, claims: Claims) -> User | None:
    query = select(identities.c.user_id).where(
        identities.c.issuer == claims.issuer, identities.c.subject == claims.subject
    )
    user_id = await connection.scalar(query)
    return None if user_id is None else await by_id(connection, user_id)


async def _linked(connection: AsyncConnection, claims: Claims, now: int) -> User | None:
    """The user of the verified mail, who is linked from now on; to one subject of an issuer only.

    An invited user is activated by it: their mail is proven.
    """
    if not claims.mail:
        return None
    user_id = await connection.scalar(select(users.c.id).where(users.c.mail == folded(claims.mail)))
    user = await by_id(connection, user_id) if user_id is not None else None
    if user is None or user.state not in ("active", "not_activated"):
        return None
    other = select(identities.c.subject).where(
        identities.c.issuer == claims.issuer, identities.c.user_id == user.id
    )
    if await connection.scalar(other) is not None:
        return None
    if user.state == "not_activated":
        await tickets.void(connection, user.id, "invite")
        await connection.execute(
            update(users)
            .where(users.c.id == user.id)
            .values(state="active", state_at=now, version=user.version + 1)
        )
    await _link(connection, user, claims, now)
    return await by_id(connection, user.id)


async def _made(connection: AsyncConnection, claims: Claims, now: int, address: str) -> User | None:
    name = folded(claims.mail)
    if list(name_problems(name)) or await by_name(connection, name):
        return None
    given = NewUser(name, roles=("read_only",), mail=claims.mail)
    user = await add_known(connection, PLATFORM, given, now, address)
    await _link(connection, user, claims, now)
    return user


async def _link(connection: AsyncConnection, user: User, claims: Claims, now: int) -> None:
    await connection.execute(
        insert(identities).values(
            issuer=claims.issuer, subject=claims.subject, user_id=user.id, created_at=now
        )
    )
    said = {"issuer": claims.issuer, "subject": claims.subject}
    await entries.record(
        connection, PLATFORM, "accounts", "link_identity", user.id, new=said, now=now
    )
