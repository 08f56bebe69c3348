"""Installing by hand: device, owner, site and terms, all of it at once or nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
from attrs import frozen
from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts.tables import users
from core.companies import companies
from core.fleet import end_users, installations, scope, sites
from core.fleet.end_users import Contact, EndUser
from core.fleet.installation_terms import Terms, check
from core.fleet.installations import Installation, InstalledError, Ownership
from core.fleet.provisioning import ProvisioningError
from core.fleet.serial_numbers import visible as visible_number
from core.fleet.sites import Place, Site
from core.fleet.systems import SystemRecord
from core.fleet.tables import end_users as owners
from core.fleet.tables import serial_numbers
from core.records import RequestError
from core.thing_model.problems import Problem

SHOWN: Final = 20


@frozen
class Account:
    """An end user's account that nothing was installed for yet."""

    id: int
    contact: Contact
    state: str


Owner = EndUser | Account | Contact
"""One who is known, one who has an account only, or one who is new."""


@frozen
class Order:
    """What is to be installed: for whom, at which site of theirs, and how."""

    sn: str
    owner: Owner
    site: Site | Place
    terms: Terms


async def installable(connection: AsyncConnection, access: Access, sn: str) -> SystemRecord:
    """The system of a serial number whose check code was right; needs `installations:create`.

    Raises RequestError where it cannot be installed. Who may not see it is told what they are told
    of a wrong code: ProvisioningError.
    """
    access.require("installations:create")
    query = select(serial_numbers.c.category).where(
        serial_numbers.c.sn == sn, visible_number(access)
    )
    given = (await connection.execute(query)).one_or_none()
    system = await scope.by_sn(connection, access, sn)
    if system is None and given is None and access.user_type != "A":
        raise ProvisioningError
    if given is not None and given.category == "micro":
        what = f"{sn} is a micro storage"
        raise RequestError(Problem("sn", what, "it is set up by its owner, not here"))
    if system is None:
        what = f"{sn} was never heard of"
        raise RequestError(Problem("sn", what, "switch it on and connect it first"))
    if await installations.is_installed(connection, system):
        raise InstalledError(sn)
    return system


async def candidates(
    connection: AsyncConnection, access: Access, search: str
) -> list[EndUser | Account]:
    """Whom it can be installed for: end users, then accounts; by name as it begins, or mail."""
    access.require("installations:create")
    found = await end_users.page(connection, access, search=search, limit=SHOWN)
    accounts = await _accounts(connection, access, search)
    both: list[EndUser | Account] = [*found, *accounts]
    return both[:SHOWN]


async def account(connection: AsyncConnection, access: Access, user_id: int) -> Account:
    """An end user's account that is no end user's yet; raises RequestError."""
    query = _unlinked().where(users.c.id == user_id)
    row = (await connection.execute(query)).one_or_none() if access.user_type == "A" else None
    if row is None:
        raise RequestError(Problem("owner", "is not there any more", "search once more"))
    return _account(row)


async def check_new(connection: AsyncConnection, access: Access, contact: Contact) -> None:
    """Raises RequestError where a contact is wrong, or is somebody who is there already."""
    end_users.check(contact)
    for where in ("account", "mail"):
        said = getattr(contact, where).strip().casefold()
        if not said:
            continue
        known = await end_users.page(connection, access, search=said, limit=SHOWN)
        contacts = [each.contact for each in known]
        contacts += [each.contact for each in await _accounts(connection, access, said)]
        if any(getattr(each, where).casefold() == said for each in contacts):
            raise RequestError(Problem(where, "is there already", "search and choose it"))


async def licensed(connection: AsyncConnection, access: Access, terms: Terms) -> Terms:
    """Terms with the name and the licence of the installer, which say either; RequestError."""
    said = terms.installer
    found = await companies.by_licence(connection, access, said)
    found = found or await companies.by_name(connection, access, said)
    if found is None or found.state != "enabled":
        what = f"{said[:64]!r} is no company that is enabled"
        raise RequestError(Problem("installer", what, "write its whole name, or its licence"))
    if not found.details.licence:
        what = f"{found.details.name} has no licence"
        raise RequestError(Problem("installer", what, "choose another, or give it one first"))
    return attrs.evolve(terms, installer=found.details.name, licence=found.details.licence)


def check_terms(terms: Terms, place: Place, now: int) -> None:
    """Raises RequestError with everything that is wrong with terms that hold at a place."""
    if problems := list(_of_date(terms, place, now)):
        raise RequestError(*problems)
    check(terms)


async def install(
    connection: AsyncConnection, access: Access, order: Order, *, now: int, address: str = ""
) -> Installation:
    """Make what is new of owner and site, and install. Raises RequestError, InstalledError.

    Whoever calls has compared the check code, and rolls all of it back where a part is refused.
    """
    await installable(connection, access, order.sn)
    owner_id = await _owner(connection, access, order.owner, now, address)
    site = order.site
    if isinstance(site, Place):
        site = await sites.create(connection, access, owner_id, site, now=now, address=address)
    check_terms(order.terms, site.place, now)
    owner = Ownership(owner_id, site.id)
    return await installations.create(
        connection, access, order.sn, owner, order.terms, now=now, address=address
    )


async def _owner(
    connection: AsyncConnection, access: Access, owner: Owner, now: int, address: str
) -> int:
    if isinstance(owner, EndUser):
        return owner.id
    if isinstance(owner, Account):
        user_id, contact = owner.id, owner.contact
    else:
        user_id, contact = None, owner
        await check_new(connection, access, contact)
    made = await end_users.create(
        connection, access, contact, user_id=user_id, now=now, address=address
    )
    return made.id


def _of_date(terms: Terms, place: Place, now: int) -> Iterator[Problem]:
    if terms.installed_on is None:
        yield Problem("installed_on", "is needed", "the day on which it was installed")
        return
    zone = ZoneInfo(place.timezone) if place.timezone else UTC
    if terms.installed_on > datetime.fromtimestamp(now / 1000, zone).date():
        yield Problem("installed_on", "lies ahead", "at latest today, by the clock of the site")


async def _accounts(connection: AsyncConnection, access: Access, search: str) -> list[Account]:
    """Accounts are the platform's: nobody of a company learns of them."""
    said = search.strip().casefold()
    if access.user_type != "A" or not said:
        return []
    begins = users.c.name.startswith(said, autoescape=True)
    query = _unlinked().where(or_(begins, users.c.mail == said)).order_by(users.c.name)
    return [_account(row) for row in await connection.execute(query.limit(SHOWN))]


def _unlinked() -> Select[Any]:
    linked = select(owners.c.user_id).where(owners.c.user_id == users.c.id)
    names = ("id", "name", "mail", "phone", "given_name", "family_name", "state")
    query = select(*(users.c[name] for name in names))
    return query.where(users.c.user_type == "C", ~linked.exists(), users.c.state != "deleted")


def _account(row: Any) -> Account:
    said = Contact(row.name, row.mail or "", row.phone, row.given_name, row.family_name)
    return Account(row.id, said, row.state)
