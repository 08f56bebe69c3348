"""The site of a system and its tariff plans, as the pages about them find them."""

from datetime import date

from litestar.exceptions import NotFoundException

from core.access import Access
from core.effective import EffectiveModel, effective_model
from core.fleet import sites
from core.fleet.sites import Site
from core.records import Connection
from core.tariffs import plans
from core.tariffs.plans import Plan
from portal.pages.device import Device
from portal.presentation.period import site_date
from portal.services import Services
from portal.texts import _


async def site_of(connection: Connection, access: Access, device: Device) -> Site | None:
    """The site at which a system stands, if there is one and somebody may see it."""
    site_id = await plans.site_of(connection, device.record.id)
    if site_id is None or not access.may("sites:read"):
        return None
    return await sites.by_id(connection, access, site_id)


async def the_site(connection: Connection, access: Access, device: Device) -> Site:
    """The site at which a system stands; a NotFoundException where there is none to be seen."""
    site = await site_of(connection, access, device)
    if site is None:
        raise NotFoundException(_("%(sn)s stands at no site.", sn=device.sn))
    return site


async def the_plan(
    connection: Connection, access: Access, device: Device, plan_id: int
) -> tuple[Site, Plan]:
    """A plan of the system's site, and the site; a NotFoundException where it is not there."""
    site = await the_site(connection, access, device)
    plan = await plans.by_id(connection, access, plan_id)
    if plan is None or plan.site_id != site.id:
        raise NotFoundException(_("The site has no such tariff plan, or not any more."))
    return site, plan


def today_at(services: Services, device: Device) -> date:
    """The day that it is where the system stands, which is the one that prices go by."""
    return site_date(services.clock(), device.record.timezone)


def model_of(services: Services, device: Device) -> EffectiveModel | None:
    """What a system really has; None where its product model is not loaded."""
    if device.product is None:
        return None
    record = device.record
    return effective_model(services.registry, device.product, record.firmware, record.country)


def path_of(device: Device) -> str:
    return f"/systems/{device.sn}/site-settings"


def crumbs_of(device: Device) -> tuple[tuple[str, str], ...]:
    return (
        (_("ESS systems"), "/systems"),
        (device.sn, f"/systems/{device.sn}"),
        (_("Site settings"), path_of(device)),
    )
