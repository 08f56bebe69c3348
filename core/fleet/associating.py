"""Devices that change hands or places: how one stands, where it can go, and one for another."""

from typing import Final

from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet import end_users, installations, installing, scope, sites
from core.fleet.end_users import EndUser
from core.fleet.installations import Installation, Ownership
from core.fleet.sites import Site
from core.fleet.systems import SystemRecord
from core.records import ConflictError, RequestError
from core.thing_model.problems import Problem

SHOWN: Final = 50


@frozen
class Spot:
    """A site and whose it is."""

    site: Site
    owner: EndUser


@frozen
class Standing:
    """How a system stands: with its installation, where it has one, and where that is."""

    system: SystemRecord
    installation: Installation | None
    spot: Spot | None


async def standing(connection: AsyncConnection, access: Access, sn: str) -> Standing:
    """How a system stands now; needs `installations:read`. Raises RequestError."""
    system = await scope.by_sn(connection, access, sn)
    if system is None:
        raise RequestError(Problem("sn", f"there is no system {sn[:24]!r}", "look in the list"))
    found = await installations.of_sn(connection, access, sn)
    spot = None
    if found is not None and found.site_id is not None:
        spot = await _shown(connection, access, sn, found.site_id)
    return Standing(system, found, spot)


async def spot_of(connection: AsyncConnection, access: Access, site_id: int) -> Spot:
    """A site with its owner; raises RequestError where somebody may not see it."""
    site = await sites.seen(connection, access, site_id)
    return Spot(site, await end_users.seen(connection, access, site.end_user_id))


async def spots(connection: AsyncConnection, access: Access, search: str) -> list[Spot]:
    """Sites by the beginning of their name, and those of end users by account or mail."""
    found = await sites.page(connection, access, search=search, limit=SHOWN)
    for owner in await end_users.page(connection, access, search=search, limit=SHOWN):
        found += await spots_of(connection, access, owner.id)
    unique = {site.id: site for site in found}
    return [await spot_of(connection, access, each) for each in list(unique)[:SHOWN]]


async def spots_of(connection: AsyncConnection, access: Access, end_user_id: int) -> list[Site]:
    """The sites of an end user."""
    return await sites.page(connection, access, end_user_id=end_user_id, limit=SHOWN)


async def put(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    spot: Spot,
    *,
    version: int,
    reason: str,
    now: int,
    address: str = "",
) -> Installation:
    """Bring a system to a site: a move where that is its owner's, and handed over otherwise."""
    before = await _installed(connection, access, sn)
    if before.site_id == spot.site.id:
        raise RequestError(Problem("to", "is where it stands", "choose another site"))
    if before.end_user_id == spot.owner.id:
        return await installations.move(
            connection, access, sn, spot.site.id,
            version=version, reason=reason, now=now, address=address,
        )  # fmt: skip
    owner = Ownership(spot.owner.id, spot.site.id)
    return await installations.hand_over(
        connection, access, sn, owner, version=version, reason=reason, now=now, address=address
    )


async def replace(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    new_sn: str,
    *,
    version: int,
    reason: str,
    now: int,
    address: str = "",
) -> Installation:
    """Put a device in the place of another, for the same owner and on the same terms.

    Whoever calls has compared the new one's check code. Needs `installations:create` and `:delete`.
    """
    before = await _installed(connection, access, sn)
    if before.end_user_id is None or before.site_id is None:
        raise RequestError(Problem("sn", f"{sn} is nobody's yet", "install the new one instead"))
    await installing.installable(connection, access, new_sn)
    why = f"{reason} ({sn} → {new_sn})"
    await installations.remove(
        connection, access, sn,
        version=version, state="replaced", reason=why, now=now, address=address,
    )  # fmt: skip
    owner = Ownership(before.end_user_id, before.site_id)
    return await installations.create(
        connection, access, new_sn, owner, before.terms,
        event="replace", reason=why, now=now, address=address,
    )  # fmt: skip


async def _shown(connection: AsyncConnection, access: Access, sn: str, site_id: int) -> Spot:
    try:
        return await spot_of(connection, access, site_id)
    except RequestError:
        what = f"{sn} is installed for somebody whom you may not see"
        raise RequestError(Problem("sn", what, "ask whoever runs the platform")) from None


async def _installed(connection: AsyncConnection, access: Access, sn: str) -> Installation:
    found = await installations.of_sn(connection, access, sn)
    if found is None:
        raise ConflictError(None)
    return found
