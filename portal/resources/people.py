"""What the pages of companies and users show beside their rows: figures, members, systems, log."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from core.access import Access
from core.accounts import directory, profiles
from core.accounts.directory import DAY, Statistics
from core.accounts.listed import LISTING as USERS
from core.companies import companies, members
from core.companies.listed import LISTING as COMPANIES
from core.fleet.listed import LISTING as SYSTEMS
from core.listing import rows
from core.listing.filters import Given, Words
from core.listing.query import Occasion, Query
from core.listing.rows import AnyListing
from core.listing.tables import Row
from portal.presentation.accounts import (
    COMPANY_STATES,
    ROLES,
    SIGN_INS,
    USER_STATES,
    USER_TYPES,
    WHO,
)
from portal.presentation.trend import trend
from portal.services import Services

FIRST: Final = 10
"""Rows that a page names of another list, which has the others."""
LOGGED: Final = 20
DAYS: Final = 30
SPANS: Final = (1, 7, 30)
"""Days within which users who signed in are counted."""


async def company_figures(services: Services, occasion: Occasion) -> Mapping[str, Any]:
    """How many companies there are of each state."""
    async with services.database.read() as connection:
        numbers = await companies.by_state(connection, occasion.access)
    return {"numbers": numbers, "states": COMPANY_STATES}


async def about_company(services: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    """The first of its members and systems, as far as whoever asks may see them."""
    its_own = {"company": Words(row["folded_name"], exact=True)}
    access = occasion.access
    may_see_users, may_see_systems = access.may("users:read"), access.may("systems:read")
    return {
        "people": await _first(services, USERS, its_own, occasion) if may_see_users else [],
        "stock": await _first(services, SYSTEMS, its_own, occasion) if may_see_systems else [],
        "may_see_users": may_see_users,
        "may_invite": access.may("users:create"),
        "roles": ROLES,
        "states": COMPANY_STATES,
        "user_states": USER_STATES,
    }


async def user_figures(services: Services, occasion: Occasion) -> Mapping[str, Any]:
    """Users by type, how many signed in lately, and how many are new on each day."""
    async with services.database.read() as connection:
        found = await directory.statistics(connection, occasion.access, now=occasion.now, days=DAYS)
        since = [occasion.now - days * DAY for days in SPANS]
        numbers = await profiles.signed_in_since(connection, occasion.access, since)
    return {
        "statistics": found,
        "signed_in": dict(zip(SPANS, numbers, strict=True)),
        "types": USER_TYPES,
        "who": WHO,
        "trend": trend(new_by_day(found, occasion.now)),
    }


def new_by_day(found: Statistics, now: int) -> Sequence[int]:
    """New users of each of the last days, today's last."""
    today = now // DAY * DAY
    return [found.made_by_day.get(today - back * DAY, 0) for back in reversed(range(DAYS))]


async def about_user(services: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    """Their systems, organisations and sessions, and when they signed in or failed to."""
    access, now = occasion.access, occasion.now
    async with services.database.read() as connection:
        log = await profiles.sign_ins(connection, access, row["id"], limit=LOGGED)
        sessions = await profiles.sessions_of(connection, access, row["id"], now, services.policy)
        may_see = access.may("companies:read")
        own = await members.companies_of(connection, access, row["id"]) if may_see else []
    keys = [str(id_) for id_ in own]
    return {
        "log": log,
        "sessions": sessions,
        "organisations": await rows.by_keys(services.database.read, COMPANIES, keys, occasion),
        **(await _systems_of(services, occasion, row)),
        "may_see_audit": access.may("audit:read") and access.user_type == "A",
        "results": SIGN_INS,
        "states": COMPANY_STATES,
    }


async def _systems_of(services: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    """What the user sees of the fleet; of the platform's own people that is all of it."""
    if row["user_type"] == "A" or not occasion.access.may("systems:read"):
        return {"stock": [], "stock_number": 0}
    theirs = Access(row["id"], row["name"], row["user_type"], row["company_id"], frozenset())
    seen = evolve(occasion, access=theirs)
    query = Query(SYSTEMS.sorts[0].column)
    count = await rows.count(services.database.read, SYSTEMS, query, seen)
    return {"stock": await _first(services, SYSTEMS, {}, seen), "stock_number": count.number}


async def _first(
    services: Services, listing: AnyListing, given: Mapping[str, Given], occasion: Occasion
) -> list[Row]:
    sort = listing.sorts[0]
    query = Query(sort.column, sort.descending, given)
    return (await rows.page(services.database.read, listing, query, occasion, (), FIRST)).rows
