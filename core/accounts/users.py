"""Users: who they are, and the first of them."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Literal, Protocol, cast

from attrs import frozen
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM, Access, UserType
from core.accounts.passwords import folded, hash_password, name_problems, password_problems
from core.accounts.roles import ROLES, Role, grants_of
from core.accounts.tables import setup_tokens, users
from core.accounts.tokens import new_token, token_hash
from core.audit import entries
from core.records import RequestError
from core.thing_model.problems import Problem

State = Literal["not_activated", "active", "locked", "disabled", "deleted"]
SETUP_LIFE: Final = 24 * 3_600_000
USER_TYPES: Final[tuple[UserType, ...]] = ("A", "B", "C")


class Begin(Protocol):
    """Opens a transaction: `Database.begin`."""

    def __call__(self) -> AbstractAsyncContextManager[AsyncConnection]: ...


@frozen
class User:
    """Who somebody is, without the secrets. `version` grows with each change."""

    id: int
    name: str
    created_at: int
    user_type: UserType
    roles: tuple[Role, ...]
    company_id: int | None
    mail: str | None
    phone: str
    given_name: str
    family_name: str
    country: str
    language: str
    timezone: str
    state: State
    state_at: int
    last_sign_in_at: int | None
    has_second_factor: bool
    version: int

    @property
    def access(self) -> Access:
        """What the user may do, without regard to the state."""
        grants = grants_of(self.user_type, self.roles)
        return Access(self.id, self.name, self.user_type, self.company_id, grants)


@frozen
class NewUser:
    """What is said of a user who is to be made; without a password, one who must be invited."""

    name: str
    password: str = ""
    user_type: UserType = "A"
    roles: Sequence[Role] = ("read_only",)
    company_id: int | None = None
    mail: str = ""


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
    """Make the first user, an administrator, and spend the token; raises RequestError."""
    given = NewUser(name, password, roles=("administrator",))
    _check(given)
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
        return await _insert(connection, PLATFORM, given, hashed, now, "")


async def create(
    begin: Begin, access: Access, given: NewUser, now: int, *, address: str = ""
) -> User:
    """Make another user; needs `users:create`, and raises RequestError.

    Somebody of a company makes users of that company only, and nobody gives more than they have.
    """
    _check_allowed(access, given)
    hashed = await hash_password(given.password) if given.password else ""
    try:
        async with begin() as connection:
            return await _insert(connection, access, given, hashed, now, address)
    except IntegrityError:
        what = f"{given.name!r} is taken" + (f", or {given.mail}" if given.mail else "")
        raise RequestError(Problem("name", what, "choose another")) from None


def check_roles(access: Access, user_type: UserType, roles: Sequence[Role]) -> None:
    """Raises RequestError where somebody would give a right that they do not have."""
    extra = sorted(g for g in grants_of(user_type, roles) if not access.may(g))
    if extra:
        what = f"would give rights that you do not have, such as {extra[0]}"
        raise RequestError(Problem("roles", what, "ask an administrator"))


async def count(connection: AsyncConnection) -> int:
    """How many users there are."""
    return int((await connection.execute(select(func.count()).select_from(users))).scalar_one())


async def by_id(connection: AsyncConnection, user_id: int) -> User | None:
    """The user of this id."""
    row = (await connection.execute(select(users).where(users.c.id == user_id))).one_or_none()
    return None if row is None else user_of(row)


async def by_name(connection: AsyncConnection, name: str) -> tuple[User, str] | None:
    """The user of this name, in whatever case, and the password's hash."""
    query = select(users).where(users.c.name == folded(name))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (user_of(row), row.password_hash)


def user_of(row: Any) -> User:
    """A user out of a row of the table."""
    roles = cast("tuple[Role, ...]", tuple(row.roles.split()))
    return User(
        row.id,
        row.name,
        row.created_at,
        row.user_type,
        roles,
        row.company_id,
        row.mail,
        row.phone,
        row.given_name,
        row.family_name,
        row.country,
        row.language,
        row.timezone,
        row.state,
        row.state_at,
        row.last_sign_in_at,
        row.totp_confirmed_at is not None,
        row.version,
    )


def _check_allowed(access: Access, given: NewUser) -> None:
    """Raises AccessError, or RequestError for somebody who is not theirs to make."""
    access.require("users:create")
    if access.user_type != "A":
        _check_company(access, given)
    _check(given)
    check_roles(access, given.user_type, given.roles)


def _check_company(access: Access, given: NewUser) -> None:
    if given.user_type != "B" or given.company_id != access.company_id:
        what = "is not your own company"
        raise RequestError(Problem("company_id", what, "make users of your own company"))


def _check(given: NewUser) -> None:
    if problems := list(_problems(given)):
        raise RequestError(*problems)


def _problems(given: NewUser) -> Iterator[Problem]:
    yield from name_problems(given.name)
    if given.password or not given.mail:
        yield from password_problems(given.name, given.password)
    yield from role_problems(given.roles)
    if given.user_type not in USER_TYPES:
        yield Problem("user_type", f"{given.user_type!r} is not a type", "A, B or C")
    if (given.user_type == "B") != (given.company_id is not None):
        yield Problem("company_id", "does not fit the type", "B users have a company, others none")


def role_problems(roles: Sequence[str]) -> Iterator[Problem]:
    """What speaks against these roles."""
    for role in roles:
        if role not in ROLES:
            yield Problem("roles", f"{role!r} is not a role", f"one of {', '.join(ROLES)}")
    if not roles:
        yield Problem("roles", "are missing: no role, no access", "give at least one")


async def add(
    connection: AsyncConnection, access: Access, given: NewUser, now: int, *, address: str = ""
) -> User:
    """Add a user without a password, who must be invited; as `create` does it otherwise."""
    _check_allowed(access, given)
    try:
        async with connection.begin_nested():
            return await _insert(connection, access, given, "", now, address)
    except IntegrityError:
        what = f"{given.name!r} or {given.mail!r} is taken"
        raise RequestError(Problem("name", what, "choose another")) from None


async def add_known(
    connection: AsyncConnection, access: Access, given: NewUser, now: int, address: str
) -> User:
    """Add a user who needs no password, for somebody else vouches for them: active at once."""
    _check(given)
    return await _insert(connection, access, given, "", now, address, state="active")


async def _insert(  # noqa: PLR0917  who, what and when
    connection: AsyncConnection,
    access: Access,
    given: NewUser,
    hashed: str,
    now: int,
    address: str,
    state: State | None = None,
) -> User:
    row: dict[str, Any] = {
        "name": folded(given.name),
        "user_type": given.user_type,
        "roles": " ".join(sorted(set(given.roles))),
        "company_id": given.company_id,
        "mail": folded(given.mail) or None,
        "state": state or ("active" if hashed else "not_activated"),
    }
    blank = dict.fromkeys(
        ("phone", "given_name", "family_name", "country", "language", "timezone"), ""
    )
    times = {"created_at": now, "state_at": now, "version": 1}
    made = await connection.execute(
        insert(users).values(**row, **blank, **times, password_hash=hashed).returning(*users.c)
    )
    user = user_of(made.one())
    await entries.record(
        connection, access, "accounts", "create", user.id, new=row, now=now, address=address
    )
    return user
