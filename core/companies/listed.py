"""The list of companies: columns, filters, orders, and whose companies somebody sees."""

from typing import Any, Final, get_args

from core.accounts.tables import users
from core.companies.companies import State
from core.companies.details import CATEGORIES
from core.companies.tables import companies
from core.listing.filters import Choice, Text, Time
from core.listing.query import Sort
from core.listing.tables import Listing, of_company

STATES: Final[tuple[State, ...]] = get_args(State)
_COLUMNS: Final[dict[str, Any]] = {column.name: column for column in companies.c}

LISTING: Final = Listing(
    "companies",
    companies.outerjoin(users, users.c.id == companies.c.primary_user_id),
    {**_COLUMNS, "primary_user": users.c.name},
    key="id",
    tie=companies.c.id,
    sorts=(
        Sort("name", unique=True, by="folded_name"),
        Sort("country"),
        Sort("category"),
        Sort("state"),
        Sort("created_at", descending=True),
        Sort("changed_at", descending=True),
    ),
    scope=of_company(companies.c.id),
    filters=(
        Text("q", "folded_name", fold="case"),
        Text("mail", match="beginning", fold="case"),
        Choice("country"),
        Choice("category", choices=CATEGORIES),
        Choice("state", choices=STATES),
        Text("licence", match="exact"),
        Time("created_at"),
    ),
    usual={"state": companies.c.state != "deleted"},
    ties=dict.fromkeys(("country", "category", "state"), companies.c.folded_name),
)
