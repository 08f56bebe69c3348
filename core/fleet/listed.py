"""The list of systems: columns, filters, orders, and whose systems somebody sees."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, or_

from core.access import Access
from core.companies.search import COMPANY, of_company_called
from core.fleet import firmware_search, installation_filters, regions
from core.fleet.scope import visible
from core.fleet.search import part_of_sn
from core.fleet.tables import STATUSES, systems
from core.listing.filters import Choice, Flag, Text, Time
from core.listing.query import Occasion, Sort
from core.listing.tables import Listing

FLAGS: Final = {"upgrading": systems.c.is_upgrading, "new": systems.c.is_new}
"""What a system can be beside its status, and is filtered by in the same place."""


def _scope(access: Access) -> ColumnElement[bool] | None:
    return None if access.user_type == "A" else visible(access)


def _with_status(given: Sequence[str], _: Occasion) -> ColumnElement[bool]:
    return or_(*(FLAGS.get(name, systems.c.status == name) for name in given))


def _products(occasion: Occasion) -> Sequence[str]:
    return sorted({id_ for id_, _ in occasion.registry.products})


_COLUMNS: Final[tuple[str, ...]] = (
    "id", "sn", "name", "product_id", "product_version", "country", "timezone", "firmware",
    "online", "registered_at", "changed_at", "first_frame_at", "last_frame_at", "status",
    "status_since", "is_new", "is_upgrading",
)  # fmt: skip

LISTING: Final = Listing(
    "systems",
    systems,
    {name: systems.c[name] for name in _COLUMNS},
    key="sn",
    tie=systems.c.sn,
    sorts=(
        Sort("sn", unique=True),
        Sort("registered_at", descending=True),
        Sort("last_frame_at", empty=True, descending=True),
    ),
    scope=_scope,
    filters=(
        Text("q", "sn", fold="upper", longest=24),
        Choice("status", choices=(*STATUSES, *FLAGS)),
        Choice("product", "product_id"),
        Choice("country"),
        Choice("firmware"),
        firmware_search.RUNS,
        regions.STANDS_IN,
        COMPANY,
        Flag("online"),
        Time("last_frame_at"),
        Time("registered_at"),
        *installation_filters.FILTERS,
    ),
    conditions={"status": _with_status, "company": of_company_called(systems.c.company_id)},
    probes={
        "q": part_of_sn,
        firmware_search.RUNS.key: firmware_search.running,
        regions.STANDS_IN.key: regions.standing_in,
        **installation_filters.PROBES,
    },
    choices={"product": _products},
)
