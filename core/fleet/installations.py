"""Installations: whose a system is and where it stands. A system has one, or none."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs
from attrs import frozen
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.fleet import end_users, installation_records, scope, sites
from core.fleet.installation_records import Event, State
from core.fleet.installation_terms import Terms, check, row_of
from core.fleet.serial_number_life import bind
from core.fleet.systems import SystemRecord
from core.fleet.tables import installation_records as records
from core.fleet.tables import installations, serial_numbers, systems
from core.records import ConflictError, RequestError, change_row
from core.thing_model.problems import Problem

CLOSED: Final = ("locked", "disabled", "deleted")
"""States of an end user's account in which nothing is installed for them."""
Change = Literal["edit", "move", "hand_over"]
LEADS: Final[Mapping[Change, tuple[Event, State]]] = {
    "move": ("move", "moved"),
    "hand_over": ("hand_over", "handed_over"),
}
"""Changes that are an event of the history, and the state that they leave the record in."""


class InstalledError(RequestError):
    """It is installed already; whoever is told of it may see that."""

    def __init__(self, sn: str) -> None:
        what = f"{sn} is installed already"
        super().__init__(Problem("sn", what, "remove that installation, or change it"))


@frozen
class Installation:
    """An installation as kept; `version` grows with each change. `record_id` is its history's."""

    system_id: int
    end_user_id: int | None
    site_id: int | None
    terms: Terms
    changed_at: int
    version: int
    record_id: int


@frozen
class Ownership:
    """Whose it is to be, and at which of their sites."""

    end_user_id: int
    site_id: int


async def of_sn(connection: AsyncConnection, access: Access, sn: str) -> Installation | None:
    """The installation of a system, if somebody may see it; needs `installations:read`."""
    access.require("installations:read")
    system = await scope.by_sn(connection, access, sn)
    return None if system is None else await _of(connection, system.id)


async def is_installed(connection: AsyncConnection, system: SystemRecord) -> bool:
    """Whether a system that somebody may see has an installation."""
    return await _of(connection, system.id) is not None


async def create(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    owner: Ownership,
    terms: Terms,
    *,
    event: Event = "install",
    reason: str = "",
    now: int,
    address: str = "",
) -> Installation:
    """Install a system at a site; needs `installations:create`. RequestError, InstalledError.

    Whoever calls has compared the check code.
    """
    access.require("installations:create")
    check(terms)
    system = await _system(connection, access, sn)
    await _check_owner(connection, access, system, owner)
    given = {**attrs.asdict(owner), **row_of(terms), "changed_at": now, "version": 1}
    try:
        async with connection.begin_nested():
            await connection.execute(insert(installations).values(**given, system_id=system.id))
    except IntegrityError:
        raise InstalledError(sn) from None
    await bind(connection, sn, now, bound=True)
    await installation_records.begin(connection, access, system, event, now)
    await _note(connection, access, "create", sn, {}, given, reason, now, address)
    return await _needed(connection, system)


async def edit(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    terms: Terms,
    *,
    version: int,
    reason: str = "",
    now: int,
    address: str = "",
) -> Installation:
    """Change how it was installed; needs `installations:edit`. ConflictError, RequestError."""
    access.require("installations:edit")
    check(terms)
    values = row_of(terms)
    return await _change(connection, access, sn, "edit", values, version, reason, now, address)


async def move(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    site_id: int,
    *,
    version: int,
    reason: str,
    now: int,
    address: str = "",
) -> Installation:
    """Move a system to another site of its owner; needs `installations:edit`."""
    access.require("installations:edit")
    system = await _system(connection, access, sn)
    before = await _needed(connection, system)
    if before.end_user_id is None:
        raise RequestError(Problem("sn", f"{sn} is nobody's yet", "hand it over instead"))
    await _check_owner(connection, access, system, Ownership(before.end_user_id, site_id))
    values = {"site_id": site_id}
    return await _change(connection, access, sn, "move", values, version, reason, now, address)


async def hand_over(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    owner: Ownership,
    *,
    version: int,
    reason: str,
    now: int,
    address: str = "",
) -> Installation:
    """Make it another end user's, at one of their sites; needs `installations:edit`."""
    access.require("installations:edit")
    system = await _system(connection, access, sn)
    await _check_owner(connection, access, system, owner)
    values = attrs.asdict(owner)
    return await _change(connection, access, sn, "hand_over", values, version, reason, now, address)


async def remove(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    *,
    version: int,
    state: State = "removed",
    reason: str,
    now: int,
    address: str = "",
) -> None:
    """Unbind: it is nobody's and stands nowhere; needs `installations:delete`. ConflictError."""
    access.require("installations:delete")
    system = await _system(connection, access, sn)
    before = await _needed(connection, system)
    same = (installations.c.system_id == system.id) & (installations.c.version == version)
    if not (await connection.execute(delete(installations).where(same))).rowcount:
        raise ConflictError(before)
    await bind(connection, sn, now, bound=False)
    await installation_records.end(connection, access, system, state, reason=reason, now=now)
    await _note(connection, access, "delete", sn, _values(before), {}, reason, now, address)


async def _change(  # noqa: PLR0917  of what, to what, who and when
    connection: AsyncConnection,
    access: Access,
    sn: str,
    action: Change,
    values: Mapping[str, Any],
    version: int,
    reason: str,
    now: int,
    address: str,
) -> Installation:
    system = await _system(connection, access, sn)
    before = await _needed(connection, system)
    key, row = installations.c.system_id, {**values, "changed_at": now}
    if before.version != version or (
        await change_row(connection, key, system.id, version, row) is None
    ):
        raise ConflictError(await _needed(connection, system))
    after = await _needed(connection, system)
    if action in LEADS:
        event, state = LEADS[action]
        await installation_records.end(connection, access, system, state, reason=reason, now=now)
        began = await installation_records.begin(connection, access, system, event, now)
        after = attrs.evolve(after, record_id=began)
    else:
        await installation_records.restate(connection, system, after.terms)
    old, new = _values(before), _values(after)
    await _note(connection, access, action, sn, old, new, reason, now, address)
    return after


async def _note(  # noqa: PLR0917  what, who and when
    connection: AsyncConnection,
    access: Access,
    action: str,
    sn: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    reason: str,
    now: int,
    address: str,
) -> None:
    await entries.record(
        connection, access, "installations", action, sn,
        old=old, new=new, reason=reason, now=now, address=address,
    )  # fmt: skip


async def _system(connection: AsyncConnection, access: Access, sn: str) -> SystemRecord:
    if (system := await scope.by_sn(connection, access, sn)) is None:
        raise RequestError(Problem("sn", f"there is no system {sn[:24]!r}", "look in the list"))
    return system


async def _check_owner(
    connection: AsyncConnection, access: Access, system: SystemRecord, owner: Ownership
) -> None:
    """Raises RequestError where it cannot be theirs, or cannot stand there."""
    end_user = await end_users.seen(connection, access, owner.end_user_id)
    if end_user.state in CLOSED:
        what = f"has an account that is {end_user.state}"
        raise RequestError(Problem("end_user_id", what, "enable the account first"))
    site = await sites.seen(connection, access, owner.site_id)
    if site.end_user_id != owner.end_user_id:
        what = "is somebody else's"
        raise RequestError(Problem("site_id", what, "choose a site of this end user"))
    own = await connection.scalar(_category(systems.c.id == system.id))
    others = await connection.scalars(
        _category(systems.c.id != system.id)
        .join(installations, installations.c.system_id == systems.c.id)
        .where(installations.c.site_id == owner.site_id)
        .distinct()
    )
    if own is not None and any(other != own for other in others):
        what = f"has systems of another category than {own}"
        raise RequestError(Problem("site_id", what, "make another site"))


def _category(which: Any) -> Any:
    query = select(serial_numbers.c.category).join(systems, systems.c.sn == serial_numbers.c.sn)
    return query.where(which)


async def _of(connection: AsyncConnection, system_id: int) -> Installation | None:
    query = (
        select(*installations.c, records.c.id.label("record_id"))
        .join(records, records.c.system_id == installations.c.system_id)
        .where(installations.c.system_id == system_id, records.c.state == "installed")
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    terms = Terms(**{field.name: getattr(row, field.name) for field in attrs.fields(Terms)})
    owner = (row.system_id, row.end_user_id, row.site_id)
    return Installation(*owner, terms, row.changed_at, row.version, row.record_id)


async def _needed(connection: AsyncConnection, system: SystemRecord) -> Installation:
    if (found := await _of(connection, system.id)) is None:
        raise RequestError(Problem("sn", f"{system.sn} is not installed", "install it first"))
    return found


def _values(given: Installation) -> dict[str, Any]:
    ids = {"end_user_id": given.end_user_id, "site_id": given.site_id}
    return ids | attrs.asdict(given.terms)
