"""Tokens for machines: shown once, kept as a hash, and never more than their maker may do."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from attrs import frozen
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts.policy import USUAL, Policy
from core.accounts.sessions import access_of as access_of_user
from core.accounts.tables import api_tokens, users
from core.accounts.tokens import new_token, token_hash
from core.audit import entries
from core.companies.tables import companies
from core.records import RequestError, printable
from core.thing_model.problems import Problem

DAY: Final = 86_400_000
LONGEST_LIFE: Final = 366 * DAY
TOUCH_STEP: Final = 60_000


@frozen
class ApiToken:
    """A token as its owner sees it afterwards."""

    id: int
    user_id: int
    name: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int
    last_used_at: int | None


async def make(
    connection: AsyncConnection,
    access: Access,
    name: str,
    scopes: Collection[str],
    *,
    expires_at: int,
    now: int,
    address: str = "",
) -> str:
    """Make a token of one's own and return it, which is not kept; raises RequestError."""
    if problems := list(_problems(access, name, scopes, expires_at - now)):
        raise RequestError(*problems)
    token = new_token()
    given = {"name": printable(name.strip()), "scopes": " ".join(sorted(set(scopes)))}
    made = await connection.execute(
        insert(api_tokens)
        .values(
            **given,
            token_hash=token_hash(token),
            user_id=access.user_id,
            created_at=now,
            expires_at=expires_at,
        )
        .returning(api_tokens.c.id)
    )
    said = {**given, "number": made.scalar_one(), "expires_at": expires_at}
    await entries.record(
        connection, access, "accounts", "make_token", str(access.user_id),
        new=said, now=now, address=address,
    )  # fmt: skip
    return token


async def of_user(connection: AsyncConnection, user_id: int, now: int) -> list[ApiToken]:
    """The tokens of a user that are still good, newest first."""
    columns = [c for c in api_tokens.c if c.name != "token_hash"]
    query = select(*columns).where(api_tokens.c.user_id == user_id, api_tokens.c.expires_at > now)
    found = await connection.execute(query.order_by(api_tokens.c.id.desc()))
    return [ApiToken(i, u, n, tuple(s.split()), *rest) for i, u, n, s, *rest in found]


async def revoke(
    connection: AsyncConnection, access: Access, token_id: int, *, now: int, address: str = ""
) -> bool:
    """Revoke a token of one's own; False where there is none."""
    own = (api_tokens.c.id == token_id, api_tokens.c.user_id == access.user_id)
    if not (await connection.execute(delete(api_tokens).where(*own))).rowcount:
        return False
    await entries.record(
        connection, access, "accounts", "revoke_token", str(access.user_id),
        old={"number": token_id}, now=now, address=address,
    )  # fmt: skip
    return True


async def access_of(
    connection: AsyncConnection, token: str, now: int, policy: Policy = USUAL
) -> Access | None:
    """What a token may do: its scopes, as far as its owner still has them; None if not good."""
    query = (
        select(api_tokens, users.c["name"].label("owner"), *_OWNER)
        .join(users, users.c.id == api_tokens.c.user_id)
        .outerjoin(companies, companies.c.id == users.c.company_id)
        .where(
            api_tokens.c.token_hash == token_hash(token),
            api_tokens.c.expires_at > now,
            users.c.state == "active",
            users.c.user_type.in_(sorted(policy.open_to)),
            or_(users.c.company_id.is_(None), companies.c.state == "enabled"),
        )
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    if row.last_used_at is None or now - row.last_used_at >= TOUCH_STEP:
        used = update(api_tokens).where(api_tokens.c.id == row.id).values(last_used_at=now)
        await connection.execute(used)
    return _narrowed(row)


def _narrowed(row: Any) -> Access:
    owner = access_of_user(row.user_id, row.owner, row.user_type, row.roles, row.company_id)
    scopes = frozenset(scope for scope in row.scopes.split() if owner.may(scope))
    name = f"{owner.name} ({row.name})"
    return Access(owner.user_id, name, owner.user_type, owner.company_id, scopes)


def _problems(access: Access, name: str, scopes: Collection[str], life: int) -> Iterator[Problem]:
    if access.user_id is None:
        yield Problem("user", "is not a person", "sign in, and make the token yourself")
    if not 1 <= len(name.strip()) <= 64:
        yield Problem("name", "is empty or longer than 64 characters", "say what it is for")
    if not 0 < life <= LONGEST_LIFE:
        yield Problem("expires_at", "is past or more than a year away", "choose a day before")
    if not scopes:
        yield Problem("scopes", "are missing", "choose at least one")
    for scope in scopes:
        area, _, action = scope.partition(":")
        if not area or not action or " " in scope or not access.may(scope):
            yield Problem("scopes", f"{scope!r} is not among your own rights", "leave it out")


_OWNER: Final = (users.c.user_type, users.c.roles, users.c.company_id)
