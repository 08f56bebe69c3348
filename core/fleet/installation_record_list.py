"""The list of installation records: columns, filters, orders, and whose somebody sees."""

from collections.abc import Sequence
from typing import Any, Final, get_args

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts.tables import users
from core.accounts.users import State as AccountState
from core.fleet.installation_filters import on_days
from core.fleet.installation_records import EVENTS, STATES
from core.fleet.installation_terms import MODES
from core.fleet.search import of_systems
from core.fleet.tables import end_users, installation_records, systems
from core.listing.conditions import condition
from core.listing.filters import Choice, Span, Text, Time, Words
from core.listing.query import Occasion, Sort
from core.listing.tables import Listing, Row

MOST_AROUND: Final = 100
SITE: Final = Text("site", match="beginning", fold="case")
ACCOUNT_STATES: Final[tuple[str, ...]] = ("none", *get_args(AccountState))


def _scope(access: Access) -> ColumnElement[bool] | None:
    """A sees all; a company what it looks after now, and what ended while it did."""
    if access.user_type == "A":
        return None
    if access.user_type != "B" or access.company_id is None:
        return false()
    holds = installation_records.c.state == "installed"
    return or_(
        and_(holds, systems.c.company_id == access.company_id),
        and_(~holds, installation_records.c.company_id == access.company_id),
    )


def _installed(given: Span, _: Occasion) -> ColumnElement[bool]:
    return on_days(installation_records.c.installed_on, given)


def _of_accounts(given: Sequence[str], _: Occasion) -> ColumnElement[bool]:
    return func.coalesce(users.c.state, "none").in_(given)


def _at_site(given: Words, _: Occasion) -> ColumnElement[bool]:
    return condition(installation_records.c.folded_site, SITE, given)


def _products(occasion: Occasion) -> Sequence[str]:
    return sorted({id_ for id_, _ in occasion.registry.products})


_NAMES: Final = (
    "id", "system_id", "site_id", "event", "state", "end_user", "site", "address", "country",
    "installed_on", "installer", "install_user", "licence", "install_mode", "began_at", "began_by",
    "ended_at", "ended_by", "reason",
)  # fmt: skip
_COLUMNS: Final[dict[str, Any]] = {name: installation_records.c[name] for name in _NAMES}

LISTING: Final = Listing(
    "installation_records",
    installation_records.join(systems, systems.c.id == installation_records.c.system_id)
    .outerjoin(end_users, end_users.c.id == installation_records.c.end_user_id)
    .outerjoin(users, users.c.id == end_users.c.user_id),
    {
        **_COLUMNS,
        "sn": systems.c.sn,
        "product_id": systems.c.product_id,
        "timezone": systems.c.timezone,
        "end_user_state": func.coalesce(users.c.state, "none"),
    },
    key="id",
    tie=installation_records.c.id,
    sorts=(Sort("began_at", descending=True),),
    scope=_scope,
    filters=(
        Text("q", "sn", fold="upper", longest=24),
        Choice("state", choices=STATES),
        Choice("event", choices=EVENTS, facet=False),
        Choice("product", "product_id", facet=False),
        Choice("country"),
        Text("end_user", match="beginning", fold="case"),
        Choice("end_user_state", choices=ACCOUNT_STATES, facet=False),
        SITE,
        Text("installer", match="exact"),
        Text("licence", match="exact"),
        Text("began_by", match="beginning", fold="case"),
        Choice("install_mode", choices=tuple(filter(None, MODES)), facet=False),
        Time("installed_on"),
        Time("began_at"),
    ),
    conditions={
        "site": _at_site,
        "installed_on": _installed,
        "end_user_state": _of_accounts,
    },
    probes={"q": of_systems},
    choices={"product": _products},
)


async def around(connection: AsyncConnection, access: Access, row: Row) -> list[Row]:
    """The other records of the same system and of the same site that somebody sees, newest first.

    Needs `installations:read`.
    """
    access.require("installations:read")
    records = installation_records.c
    same = records.system_id == row["system_id"]
    if row["site_id"] is not None:
        same |= records.site_id == row["site_id"]
    seen = _scope(access)
    query = (
        select(*_COLUMNS.values(), systems.c.sn)
        .join(systems, systems.c.id == records.system_id)
        .where(same, records.id != row["id"], true() if seen is None else seen)
        .order_by(records.began_at.desc(), records.id.desc())
        .limit(MOST_AROUND)
    )
    return [dict(found) for found in (await connection.execute(query)).mappings()]
