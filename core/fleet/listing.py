"""Systems as lists show them: with site, end user, company and installation, by joins."""

from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts.tables import users
from core.companies.tables import companies
from core.fleet.scope import visible
from core.fleet.tables import end_users, installations, sites, systems


@frozen
class Listed:
    """A row of the list. Texts that are not known are empty, times UTC milliseconds.

    country: the site's, or as long as it has none what the device says.
    end_user_state: that of the account, "none" without one.
    """

    id: int
    sn: str
    name: str
    product_id: str
    product_version: str
    firmware: str
    timezone: str
    online: bool | None
    last_frame_at: int | None
    first_frame_at: int | None
    changed_at: int
    company: str
    site_id: int | None
    site_name: str
    address: str
    post_code: str
    city: str
    region: str
    country: str
    end_user_id: int | None
    end_user: str
    end_user_state: str
    installed_on: Any
    installer: str
    install_user: str
    licence: str
    install_mode: str
    grid_regulation: str
    pv_at_storage: float | None
    pv_at_inverter: float | None
    installer_remark: str
    reseller_remark: str
    end_user_remark: str


async def by_ids(
    connection: AsyncConnection, access: Access, ids: Sequence[int]
) -> dict[int, Listed]:
    """Those of these systems that somebody sees, by id; needs `systems:read`."""
    access.require("systems:read")
    found = await connection.execute(listing(access).where(systems.c.id.in_(ids)))
    return {row.id: _listed(row) for row in found}


def listing(access: Access) -> Select[Any]:
    """All columns of the list, of the systems that somebody sees."""
    joined = (
        systems.outerjoin(installations, installations.c.system_id == systems.c.id)
        .outerjoin(sites, sites.c.id == installations.c.site_id)
        .outerjoin(end_users, end_users.c.id == installations.c.end_user_id)
        .outerjoin(users, users.c.id == end_users.c.user_id)
        .outerjoin(companies, companies.c.id == systems.c.company_id)
    )
    return select(*_COLUMNS).select_from(joined).where(visible(access))


def _listed(row: Any) -> Listed:
    values: dict[str, Any] = row._asdict()
    at_site, by_device = values.pop("site_country"), values.pop("system_country")
    texts: dict[str, Any] = {name: "" for name in _TEXTS if values[name] is None}
    state = values["end_user_state"] or "none"
    values |= {**texts, "country": at_site or by_device, "end_user_state": state}
    return Listed(**values)


_COLUMNS: Final = (
    *(
        systems.c[name]
        for name in (
            "id", "sn", "name", "product_id", "product_version", "firmware", "timezone", "online",
            "last_frame_at", "first_frame_at", "changed_at",
        )
    ),
    companies.c["name"].label("company"),
    installations.c.site_id,
    sites.c["name"].label("site_name"),
    *(sites.c[name] for name in ("address", "post_code", "city", "region")),
    sites.c.country.label("site_country"),
    systems.c.country.label("system_country"),
    installations.c.end_user_id,
    end_users.c.account.label("end_user"),
    users.c.state.label("end_user_state"),
    *(
        installations.c[name]
        for name in (
            "installed_on", "installer", "install_user", "licence", "install_mode",
            "grid_regulation", "pv_at_storage", "pv_at_inverter", "installer_remark",
            "reseller_remark", "end_user_remark",
        )
    ),
)  # fmt: skip
_TEXTS: Final = (
    "company", "site_name", "address", "post_code", "city", "region", "end_user", "installer",
    "install_user", "licence", "install_mode", "grid_regulation", "installer_remark",
    "reseller_remark", "end_user_remark",
)  # fmt: skip
