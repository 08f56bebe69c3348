"""Site settings: what energy costs where a system stands."""

from typing import Any

from msgspec import Struct

from core.access import Access
from core.fleet.sites import Site
from core.tariffs import plans
from core.tariffs.plans import Plan
from portal.pages.at_site import path_of, site_of, today_at
from portal.pages.device import Device, TheDevice
from portal.pages.tabs import loaded_tab
from portal.presentation.tariffs import (
    COLUMNS,
    DAYS,
    PlanDocument,
    day_table,
    plan_documents,
    plan_rows,
)
from portal.services import Services, TheServices
from portal.signing_in import TheAccess
from portal.twins import Loaded


class SiteSettingsDocument(Struct, frozen=True):
    """What is set for the site of a system; `today` is the day there, by which plans hold."""

    sn: str
    today: str
    timezone: str
    plans: list[PlanDocument]


async def site_settings(
    services: TheServices, access: TheAccess, device: TheDevice
) -> Loaded[SiteSettingsDocument]:
    """The tariff plans of the site at which a system stands."""
    return await settings_of(services, access, device)


async def settings_of(
    services: Services, access: Access, device: Device, **others: Any
) -> Loaded[SiteSettingsDocument]:
    """The settings; `others` is what the page shows beside them."""
    today = today_at(services, device)
    async with services.database.read() as connection:
        site = await site_of(connection, access, device)
        kept: list[Plan] = []
        if site is not None and access.may("tariffs:read"):
            kept = await plans.of_site(connection, access, site.id)
    listed = plan_documents(kept, today)
    document = SiteSettingsDocument(device.sn, str(today), device.record.timezone, listed)
    view = {
        "site": site,
        "base": path_of(device),
        "plans": [(d, _days(plan)) for d, plan in zip(listed, kept, strict=True)],
        "days": DAYS,
        "may": _may(access, site),
        **others,
    }
    rows = list(plan_rows(listed))
    return loaded_tab(device, document, "site-settings", rows, COLUMNS, view, streams=False)


def _days(plan: Plan) -> dict[str, Any]:
    return {day: day_table(plan.tariff, day) for day in DAYS}


def _may(access: Access, site: Site | None) -> dict[str, bool]:
    """What somebody may do with the plans of a site."""
    actions = ("read", "create", "edit", "delete")
    return {each: site is not None and access.may(f"tariffs:{each}") for each in actions}
