"""Sites: where the systems of an end user stand. A site's name is its owner's own."""

from collections.abc import Iterator
from typing import Any, Final

import attrs
from attrs import frozen
from sqlalchemy import Select, delete, func, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.fleet import end_users
from core.fleet.installation_records import follow_site
from core.fleet.regions import fold_name, fold_post_code
from core.fleet.systems import COUNTRY_SHAPE, is_zone
from core.fleet.tables import end_users as owners
from core.fleet.tables import installations, sites
from core.records import ConflictError, RequestError, change_row, printable
from core.thing_model.problems import Problem

LONGEST: Final = {
    "name": 128, "address": 255, "post_code": 16, "city": 64, "region": 64, "currency": 3,
    "network_operator": 128,
}  # fmt: skip


@frozen
class Place:
    """What is said of a site. `region` is the state or province, `currency` that of its prices.

    address_confirmed: somebody compared the address with the place.
    network_operator: whose grid it is at.
    """

    name: str
    address: str = ""
    post_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    timezone: str = ""
    latitude: float | None = None
    longitude: float | None = None
    address_confirmed: bool = False
    currency: str = ""
    network_operator: str = ""


@frozen
class Site:
    """A site as kept; `version` grows with each change."""

    id: int
    end_user_id: int
    place: Place
    created_at: int
    changed_at: int
    version: int


async def page(
    connection: AsyncConnection,
    access: Access,
    *,
    search: str = "",
    end_user_id: int | None = None,
    country: str = "",
    after: tuple[str, int] = ("", 0),
    limit: int = 50,
) -> list[Site]:
    """Sites in order of folded name and id, from behind `after`; needs `sites:read`.

    `search` is how the name begins.
    """
    access.require("sites:read")
    name, id_ = after
    behind = or_(sites.c.folded_name > name, (sites.c.folded_name == name) & (sites.c.id > id_))
    query = _select(access).where(behind)
    if search.strip():
        begins = sites.c.folded_name.startswith(search.strip().casefold(), autoescape=True)
        query = query.where(begins)
    if end_user_id is not None:
        query = query.where(sites.c.end_user_id == end_user_id)
    if country:
        query = query.where(sites.c.country == country)
    found = await connection.execute(query.order_by(sites.c.folded_name, sites.c.id).limit(limit))
    return [_site(row) for row in found]


async def by_id(connection: AsyncConnection, access: Access, site_id: int) -> Site | None:
    """The site, if somebody may see it."""
    access.require("sites:read")
    query = _select(access).where(sites.c.id == site_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _site(row)


async def create(
    connection: AsyncConnection,
    access: Access,
    end_user_id: int,
    place: Place,
    *,
    now: int,
    address: str = "",
) -> Site:
    """Add a site of an end user; needs `sites:create`. Raises RequestError."""
    access.require("sites:create")
    check(place)
    await end_users.seen(connection, access, end_user_id)
    row = {**_row(place), "end_user_id": end_user_id}
    times = {"created_at": now, "changed_at": now, "version": 1}
    try:
        async with connection.begin_nested():
            made = await connection.execute(
                insert(sites).values(**row, **times).returning(*sites.c)
            )
            site = _site(made.one())
    except IntegrityError:
        raise RequestError(_taken(place)) from None
    await entries.record(
        connection, access, "sites", "create", site.id,
        new={"end_user_id": end_user_id, **attrs.asdict(place)}, now=now, address=address,
    )  # fmt: skip
    return site


async def edit(
    connection: AsyncConnection,
    access: Access,
    site_id: int,
    place: Place,
    *,
    version: int,
    reason: str = "",
    now: int,
    address: str = "",
) -> Site:
    """Change what is said of a site; needs `sites:edit`. ConflictError, RequestError."""
    access.require("sites:edit")
    check(place)
    before = await seen(connection, access, site_id)
    if before.version != version:
        raise ConflictError(before)
    row = {**_row(place), "changed_at": now}
    try:
        async with connection.begin_nested():
            after = await change_row(connection, sites.c.id, site_id, version, row)
    except IntegrityError:
        raise RequestError(_taken(place)) from None
    if after is None:
        raise ConflictError(await seen(connection, access, site_id))
    await follow_site(connection, after)
    await entries.record(
        connection, access, "sites", "edit", site_id, old=attrs.asdict(before.place),
        new=attrs.asdict(place), reason=reason, now=now, address=address,
    )  # fmt: skip
    return _site(after)


async def remove(
    connection: AsyncConnection,
    access: Access,
    site_id: int,
    *,
    reason: str,
    now: int,
    address: str = "",
) -> None:
    """Delete a site at which nothing stands any longer; needs `sites:delete`."""
    access.require("sites:delete")
    before = await seen(connection, access, site_id)
    standing = select(func.count()).where(installations.c.site_id == site_id)
    if number := (await connection.execute(standing)).scalar_one():
        what = f"has {number} systems"
        raise RequestError(Problem("site_id", what, "move or remove their installations first"))
    await connection.execute(delete(sites).where(sites.c.id == site_id))
    await entries.record(
        connection, access, "sites", "delete", site_id, old=attrs.asdict(before.place),
        reason=reason, now=now, address=address,
    )  # fmt: skip


async def seen(connection: AsyncConnection, access: Access, site_id: int) -> Site:
    """The site; raises RequestError where somebody may not see it, or there is none."""
    row = (await connection.execute(_select(access).where(sites.c.id == site_id))).one_or_none()
    if row is None:
        raise RequestError(Problem("site_id", f"there is no site {site_id}", "look in the list"))
    return _site(row)


def check(place: Place) -> None:
    """Raises RequestError with everything that is wrong with what is said of a site."""
    if problems := list(_problems(place)):
        raise RequestError(*problems)


def _problems(place: Place) -> Iterator[Problem]:
    if not place.name.strip():
        yield Problem("name", "is empty", "say what the site is called")
    if place.country and not COUNTRY_SHAPE.fullmatch(place.country):
        yield Problem("country", f"{place.country!r} is not a country", "two letters, such as DE")
    if place.timezone and not is_zone(place.timezone):
        what = f"{place.timezone!r} is not a time zone"
        yield Problem("timezone", what, "an IANA name, such as Europe/Berlin")
    if (place.latitude is None) != (place.longitude is None):
        yield Problem("latitude", "and longitude belong together", "give both or none")
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = getattr(place, name)
        if value is not None and not -most <= value <= most:
            yield Problem(name, f"{value} is not on earth", f"-{most} to {most}")
    for name, longest in LONGEST.items():
        if len(getattr(place, name)) > longest:
            yield Problem(name, f"is longer than {longest} characters", "shorten it")


def _select(access: Access) -> Select[Any]:
    query = select(*sites.c)
    if access.user_type == "A":
        return query
    return query.join(owners, owners.c.id == sites.c.end_user_id).where(end_users.visible(access))


def _taken(place: Place) -> Problem:
    return Problem("name", f"{place.name!r} is a site of this end user already", "choose another")


def _row(place: Place) -> dict[str, Any]:
    given = {
        name: printable(value.strip()) if isinstance(value, str) else value
        for name, value in attrs.asdict(place).items()
    }
    return given | {
        "folded_name": given["name"].casefold()[:128],
        "folded_region": fold_name(given["region"]),
        "folded_post_code": fold_post_code(given["post_code"]),
    }


def _site(row: Any) -> Site:
    place = Place(**{field.name: getattr(row, field.name) for field in attrs.fields(Place)})
    return Site(row.id, row.end_user_id, place, row.created_at, row.changed_at, row.version)
