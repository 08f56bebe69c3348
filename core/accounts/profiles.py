"""What users say of themselves, or others of them: mail, names, country, language, zone."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from zoneinfo import available_timezones

import attrs
from attrs import frozen
from sqlalchemy import case, func, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts import sessions, states
from core.accounts.directory import visible
from core.accounts.passwords import folded
from core.accounts.policy import USUAL, Policy
from core.accounts.sessions import Session
from core.accounts.tables import users
from core.accounts.users import User, user_of
from core.audit import entries
from core.audit.entries import Entry
from core.records import ConflictError, RequestError, change_row, printable
from core.thing_model.problems import Problem

MAIL_SHAPE: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
COUNTRY_SHAPE: Final = re.compile(r"[A-Z]{2}")
LANGUAGES: Final = ("", "en", "zh")


@frozen
class Profile:
    """What is not known is empty. Mail is good once: nobody else has the same."""

    mail: str = ""
    phone: str = ""
    given_name: str = ""
    family_name: str = ""
    country: str = ""
    language: str = ""
    timezone: str = ""


async def edit(
    connection: AsyncConnection,
    access: Access,
    user_id: int,
    profile: Profile,
    *,
    version: int,
    reason: str = "",
    now: int,
    address: str = "",
) -> User:
    """Change one's own profile, or with `users:edit` another's. ConflictError, RequestError.

    Nobody changes that of somebody who may do more: a reset could be sent to another mail.
    """
    if access.user_id != user_id:
        access.require("users:edit")
    if problems := list(_problems(profile)):
        raise RequestError(*problems)
    before = await states.of_access(connection, access, user_id)
    if access.user_id != user_id:
        states.check_not_above(access, before)
    if before.version != version:
        raise ConflictError(before)
    try:
        async with connection.begin_nested():
            row = await change_row(connection, users.c.id, user_id, version, _row(profile))
    except IntegrityError:
        what = f"{profile.mail!r} is that of somebody else"
        raise RequestError(Problem("mail", what, "choose another")) from None
    if row is None:
        raise ConflictError(await states.of_access(connection, access, user_id))
    await entries.record(
        connection, access, "accounts", "edit", user_id,
        old=attrs.asdict(profile_of(before)), new=attrs.asdict(profile), reason=reason,
        now=now, address=address,
    )  # fmt: skip
    return user_of(row)


def profile_of(user: User) -> Profile:
    """What is said of a user."""
    said = {field.name: getattr(user, field.name) for field in attrs.fields(Profile)}
    return Profile(**{**said, "mail": user.mail or ""})


async def sign_ins(
    connection: AsyncConnection,
    access: Access,
    user_id: int,
    *,
    before: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """When and from where somebody signed in, or failed to; one's own, or with `users:read`."""
    if access.user_id != user_id:
        access.require("users:read")
    await states.of_access(connection, access, user_id)
    return await entries.sign_ins(connection, user_id, before=before, limit=limit)


async def sessions_of(
    connection: AsyncConnection,
    access: Access,
    user_id: int,
    now: int,
    policy: Policy = USUAL,
) -> list[Session]:
    """Where somebody is signed in now, newest first; one's own, or with `users:read`."""
    if access.user_id != user_id:
        access.require("users:read")
    await states.of_access(connection, access, user_id)
    return await sessions.of_user(connection, user_id, now, policy)


async def signed_in_since(
    connection: AsyncConnection, access: Access, since: Sequence[int]
) -> list[int]:
    """How many users signed in at each of these times or later; needs `users:read`.

    All are counted on one way through an index that holds what is asked.
    """
    access.require("users:read")
    last = users.c.last_sign_in_at
    later = (func.count(case((last >= each, 1))) for each in since)
    there = users.c.state != literal_column("'deleted'")  # said as the index says it
    query = select(*later).where(last >= min(since), there, visible(access))
    return [int(number) for number in (await connection.execute(query)).one()]


def _row(profile: Profile) -> dict[str, Any]:
    given = {name: printable(value.strip()) for name, value in attrs.asdict(profile).items()}
    return given | {"mail": folded(profile.mail) or None}


def _problems(profile: Profile) -> Iterator[Problem]:
    if profile.mail and not MAIL_SHAPE.fullmatch(profile.mail):
        yield Problem("mail", f"{profile.mail[:64]!r} is not a mail address", "a@example.org")
    if profile.country and not COUNTRY_SHAPE.fullmatch(profile.country):
        yield Problem("country", f"{profile.country[:8]!r} is not a country", "such as DE")
    if profile.language not in LANGUAGES:
        yield Problem("language", f"{profile.language[:8]!r} is not spoken here", "en or zh")
    if profile.timezone and profile.timezone not in available_timezones():
        what = f"{profile.timezone[:64]!r} is not a time zone"
        yield Problem("timezone", what, "an IANA name, such as Europe/Berlin")
    for name, longest in (("mail", 254), ("phone", 32), ("given_name", 64), ("family_name", 64)):
        if len(getattr(profile, name)) > longest:
            yield Problem(name, f"is longer than {longest} characters", "shorten it")
