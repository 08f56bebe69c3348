"""The list of users: columns, filters, orders, and which users somebody sees."""

from collections.abc import Sequence
from typing import Any, Final, get_args

from attrs import evolve
from sqlalchemy import ColumnElement, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts.directory import visible
from core.accounts.roles import ROLES
from core.accounts.tables import users
from core.accounts.users import USER_TYPES, State
from core.companies.search import COMPANY, of_company_called
from core.companies.tables import companies
from core.listing.filters import Choice, Text, Time, Words
from core.listing.parts import Parts
from core.listing.query import Occasion, Sort
from core.listing.tables import Listing, Term
from core.listing.values import distinct

STATES: Final[tuple[State, ...]] = get_args(State)
NAME: Final = Text("q", "name", fold="case")
_NAMES_BY_PARTS: Final = Parts(users.c.name, "users_name_parts")


def _scope(access: Access) -> ColumnElement[bool] | None:
    return None if access.user_type == "A" else visible(access)


async def _called(connection: AsyncConnection, given: Words, _: Occasion) -> Term:
    """A part of the name, or the whole mail address."""
    named = await _NAMES_BY_PARTS.term(connection, given)
    return evolve(named, condition=or_(named.condition, users.c.mail == given.text))


async def _with_role(connection: AsyncConnection, given: Sequence[str], _: Occasion) -> Term:
    """Users with one of these roles, by the few sets of roles that there are."""
    sets = await distinct(connection, users.c.roles, users)
    return Term(users.c.roles.in_([each for each in sets if set(given) & set(each.split())]))


_NAMES: Final = (
    "id", "name", "given_name", "family_name", "mail", "phone", "country", "language", "timezone",
    "user_type", "roles", "company_id", "state", "state_at", "created_at", "last_sign_in_at",
    "version",
)  # fmt: skip
_COLUMNS: Final[dict[str, Any]] = {name: users.c[name] for name in _NAMES}

LISTING: Final = Listing(
    "users",
    users.outerjoin(companies, companies.c.id == users.c.company_id),
    {
        **_COLUMNS,
        "company": companies.c.name,
        "second_factor": users.c.totp_confirmed_at.is_not(None),
    },
    key="id",
    tie=users.c.id,
    sorts=(
        Sort("created_at", descending=True),
        Sort("name", unique=True),
        Sort("last_sign_in_at", empty=True, descending=True),
    ),
    scope=_scope,
    filters=(
        NAME,
        Choice("user_type", choices=USER_TYPES),
        Time("created_at"),
        Choice("country"),
        COMPANY,
        Choice("state", choices=STATES),
        Choice("role", "roles", choices=ROLES, facet=False),
        Time("last_sign_in_at"),
    ),
    conditions={"company": of_company_called(users.c.company_id)},
    probes={"q": _called, "role": _with_role},
    usual={"state": users.c.state != "deleted"},
)
