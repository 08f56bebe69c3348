"""End users: who owns systems. Kept as a contact of a company, until they have an account."""

from collections.abc import Iterator
from typing import Any, Final

import attrs
from attrs import frozen
from sqlalchemy import ColumnElement, Select, false, func, insert, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts.tables import users
from core.audit import entries
from core.fleet.installation_records import follow_end_user
from core.fleet.tables import end_users
from core.records import ConflictError, RequestError, change_row, printable
from core.thing_model.problems import Problem

LONGEST: Final = {"account": 128, "mail": 254, "phone": 32, "given_name": 64, "family_name": 64}


@frozen
class Contact:
    """What is said of an end user. `account` is what they sign in with, or will."""

    account: str
    mail: str = ""
    phone: str = ""
    given_name: str = ""
    family_name: str = ""


@frozen
class EndUser:
    """An end user as kept. `state` is that of the account, "none" while there is none."""

    id: int
    user_id: int | None
    contact: Contact
    company_id: int | None
    created_at: int
    changed_at: int
    version: int
    state: str


async def page(
    connection: AsyncConnection,
    access: Access,
    *,
    search: str = "",
    after: tuple[str, int] = ("", 0),
    limit: int = 50,
) -> list[EndUser]:
    """End users in order of account and id, from behind `after`; needs `end_users:read`.

    `search` is how an account begins, or a whole mail address.
    """
    access.require("end_users:read")
    account, id_ = after
    behind = or_(
        end_users.c.account > account, (end_users.c.account == account) & (end_users.c.id > id_)
    )
    query = _searched(_select(access), search).where(behind)
    query = query.order_by(end_users.c.account, end_users.c.id).limit(limit)
    return [_end_user(row) for row in await connection.execute(query)]


async def by_id(connection: AsyncConnection, access: Access, end_user_id: int) -> EndUser | None:
    """The end user, if somebody may see them."""
    access.require("end_users:read")
    query = _select(access).where(end_users.c.id == end_user_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _end_user(row)


async def create(
    connection: AsyncConnection,
    access: Access,
    contact: Contact,
    *,
    user_id: int | None = None,
    company_id: int | None = None,
    now: int,
    address: str = "",
) -> EndUser:
    """Add an end user; needs `end_users:create`. Somebody of a company adds its own contacts."""
    access.require("end_users:create")
    check(contact)
    if access.user_type == "B":
        company_id, user_id = access.company_id, None
    await _check_user(connection, user_id)
    row = {**_row(contact), "user_id": user_id, "company_id": company_id}
    times = {"created_at": now, "changed_at": now, "version": 1}
    made = await connection.execute(
        insert(end_users).values(**row, **times).returning(end_users.c.id)
    )
    id_ = int(made.scalar_one())
    await entries.record(
        connection, access, "end_users", "create", id_, new=row, now=now, address=address
    )
    return await seen(connection, access, id_)


async def edit(
    connection: AsyncConnection,
    access: Access,
    end_user_id: int,
    contact: Contact,
    *,
    version: int,
    reason: str = "",
    now: int,
    address: str = "",
) -> EndUser:
    """Change what is said of an end user; needs `end_users:edit`. ConflictError, RequestError.

    Who has an activated account looks after that themselves.
    """
    access.require("end_users:edit")
    check(contact)
    before = await seen(connection, access, end_user_id)
    if before.version != version:
        raise ConflictError(before)
    if before.state == "active" and before.user_id != access.user_id:
        raise RequestError(Problem("user", "has an account of their own", "let them change it"))
    row = {**_row(contact), "changed_at": now}
    if await change_row(connection, end_users.c.id, end_user_id, version, row) is None:
        raise ConflictError(await seen(connection, access, end_user_id))
    await follow_end_user(connection, end_user_id, str(row["account"]))
    await entries.record(
        connection, access, "end_users", "edit", end_user_id, old=attrs.asdict(before.contact),
        new=_row(contact), reason=reason, now=now, address=address,
    )  # fmt: skip
    return await seen(connection, access, end_user_id)


def visible(access: Access) -> ColumnElement[bool]:
    """Which end users somebody sees: all, the contacts of their company, or themselves."""
    if access.user_type == "A":
        return true()
    if access.user_type == "B":
        company = access.company_id
        return false() if company is None else end_users.c.company_id == company
    return false() if access.user_id is None else end_users.c.user_id == access.user_id


async def seen(connection: AsyncConnection, access: Access, end_user_id: int) -> EndUser:
    """The end user; raises RequestError where somebody may not see them, or there is none."""
    query = _select(access).where(end_users.c.id == end_user_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        what = f"there is no end user {end_user_id}"
        raise RequestError(Problem("end_user_id", what, "look in the list"))
    return _end_user(row)


def check(contact: Contact) -> None:
    """Raises RequestError with everything that is wrong with a contact."""
    if problems := list(_problems(contact)):
        raise RequestError(*problems)


def _problems(contact: Contact) -> Iterator[Problem]:
    if not contact.account.strip():
        yield Problem("account", "is empty", "a name or a mail address")
    if contact.mail and not 0 < contact.mail.find("@") < len(contact.mail) - 1:
        yield Problem("mail", f"{contact.mail[:64]!r} is not a mail address", "name@example.org")
    for name, longest in LONGEST.items():
        if len(getattr(contact, name)) > longest:
            yield Problem(name, f"is longer than {longest} characters", "shorten it")


async def _check_user(connection: AsyncConnection, user_id: int | None) -> None:
    if user_id is None:
        return
    kind = await connection.scalar(select(users.c.user_type).where(users.c.id == user_id))
    taken = select(end_users.c.id).where(end_users.c.user_id == user_id)
    if kind != "C":
        raise RequestError(Problem("user_id", "is not an end user's account", "type C"))
    if await connection.scalar(taken) is not None:
        raise RequestError(Problem("user_id", "is linked already", "take that end user"))


def _select(access: Access) -> Select[Any]:
    state = func.coalesce(users.c.state, "none").label("state")
    join = end_users.outerjoin(users, users.c.id == end_users.c.user_id)
    return select(*end_users.c, state).select_from(join).where(visible(access))


def _searched(query: Select[Any], search: str) -> Select[Any]:
    if not (text := search.strip().casefold()):
        return query
    begins = end_users.c.account.startswith(text, autoescape=True)
    return query.where(or_(begins, end_users.c.mail == text))


def _row(contact: Contact) -> dict[str, Any]:
    given = {name: printable(value.strip()) for name, value in attrs.asdict(contact).items()}
    return given | {name: given[name].casefold() for name in ("account", "mail")}


def _end_user(row: Any) -> EndUser:
    contact = Contact(**{name: getattr(row, name) for name in LONGEST})
    return EndUser(
        row.id,
        row.user_id,
        contact,
        row.company_id,
        row.created_at,
        row.changed_at,
        row.version,
        row.state,
    )
