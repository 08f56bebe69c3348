"""Systems as lists show them: with site, end user, company and installation, by joins.

Each filter is answered by an index, and a page goes on behind a serial number: the last page costs
what the first does.
"""

from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, Select, or_, select
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


@frozen
class Wanted:
    """Which systems; what is None or empty does not matter.

    sn, site, end_user, installer, post_code: how they begin. owner_user_id: the end user's account.
    remark: any part of one of the three.
    """

    sn: str = ""
    product_id: str = ""
    country: str = ""
    post_code: str = ""
    site: str = ""
    end_user: str = ""
    installer: str = ""
    install_mode: str = ""
    grid_regulation: str = ""
    licence: str = ""
    company_id: int | None = None
    owner_user_id: int | None = None
    remark: str = ""


async def page(
    connection: AsyncConnection,
    access: Access,
    wanted: Wanted,
    *,
    after_sn: str = "",
    limit: int = 50,
) -> list[Listed]:
    """Systems in order of serial number, from behind `after_sn` on; needs `systems:read`."""
    access.require("systems:read")
    query = listing(access).where(systems.c.sn > after_sn, *conditions(wanted))
    found = await connection.execute(query.order_by(systems.c.sn).limit(limit))
    return [_listed(row) for row in found]


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


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The filters as conditions on what `listing` joins."""
    found: list[ColumnElement[bool]] = []
    for column, text in (
        (systems.c.sn, wanted.sn.strip().upper()),
        (sites.c.folded_name, wanted.site.strip().casefold()),
        (end_users.c.account, wanted.end_user.strip().casefold()),
        (sites.c.post_code, wanted.post_code.strip()),
        (installations.c.installer, wanted.installer.strip()),
    ):
        if text:
            found.append(column.startswith(text, autoescape=True))
    if wanted.product_id:
        found.append(systems.c.product_id == wanted.product_id)
    if wanted.company_id is not None:
        found.append(systems.c.company_id == wanted.company_id)
    if wanted.owner_user_id is not None:
        found.append(end_users.c.user_id == wanted.owner_user_id)
    if wanted.country:
        found.append(
            or_(
                sites.c.country == wanted.country,
                sites.c.id.is_(None) & (systems.c.country == wanted.country),
            )
        )
    found.extend(
        installations.c[name] == value
        for name in ("install_mode", "grid_regulation", "licence")
        if (value := getattr(wanted, name))
    )
    if text := wanted.remark.strip():
        remarks = (f"{who}_remark" for who in ("installer", "reseller", "end_user"))
        parts = (installations.c[name].icontains(text, autoescape=True) for name in remarks)
        found.append(or_(*parts))
    return found


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
