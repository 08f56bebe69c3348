"""What is kept of one system beside what it reports: installation, site, end user, check code."""

from attrs import frozen
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet import end_users, sites
from core.fleet.end_users import EndUser
from core.fleet.listing import Listed, by_ids
from core.fleet.sites import Site
from core.fleet.tables import check_codes, installations, serial_numbers


@frozen
class Kept:
    """What is kept of a system; a site or end user is None where there is none, or not to be seen.

    auto_update: None where it was never installed. given_out: whether its serial number is in the
    list of those; has_code: whether it has a check code.
    """

    listed: Listed
    site: Site | None
    end_user: EndUser | None
    auto_update: bool | None
    given_out: bool
    has_code: bool


async def kept_of(connection: AsyncConnection, access: Access, system_id: int) -> Kept | None:
    """What is kept of a system, if somebody sees it; needs `systems:read`."""
    listed = (await by_ids(connection, access, [system_id])).get(system_id)
    if listed is None:
        return None
    site = end_user = None
    if listed.site_id is not None and access.may("sites:read"):
        site = await sites.by_id(connection, access, listed.site_id)
    if listed.end_user_id is not None and access.may("end_users:read"):
        end_user = await end_users.by_id(connection, access, listed.end_user_id)
    update = select(installations.c.allow_auto_update).where(installations.c.system_id == system_id)
    number = select(serial_numbers.c.id).where(serial_numbers.c.sn == listed.sn)
    code = select(check_codes.c.issued_at).where(check_codes.c.sn == listed.sn)
    return Kept(
        listed,
        site,
        end_user,
        await connection.scalar(update),
        await connection.scalar(number) is not None,
        await connection.scalar(code) is not None,
    )
