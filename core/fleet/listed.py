"""The list of systems: columns, filters, orders, and whose systems somebody sees."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, or_

from core.access import Access
from core.fleet import overview
from core.fleet.overview import STATUSES, Moment
from core.fleet.scope import visible
from core.fleet.search import part_of_sn
from core.fleet.tables import systems
from core.listing.filters import Choice, Flag, Text, Time
from core.listing.query import Occasion, Sort
from core.listing.tables import Listing
from core.registry import Registry
from core.thing_model.product import OFFLINE_AFTER

NEW: Final = "new"
"""A status to filter by, which systems have beside another one."""


def moment(occasion: Occasion) -> Moment:
    """When status is judged."""
    return Moment(occasion.now, offline_after(occasion.registry))


def offline_after(registry: Registry) -> dict[str, int]:
    """Seconds by product model, of those that differ from the usual."""
    return {
        product.id: product.offline_after
        for product in registry.products.values()
        if product.offline_after != OFFLINE_AFTER
    }


def _scope(access: Access) -> ColumnElement[bool] | None:
    return None if access.user_type == "A" else visible(access)


def _with_status(given: Sequence[str], occasion: Occasion) -> ColumnElement[bool]:
    at = moment(occasion)
    status = overview.status_of(at)
    wanted = [status == name for name in given if name != NEW]
    return or_(*wanted, *([overview.is_new(at)] if NEW in given else []))


def _products(occasion: Occasion) -> Sequence[str]:
    return sorted({id_ for id_, _ in occasion.registry.products})


_COLUMNS: Final[tuple[str, ...]] = (
    "id", "sn", "name", "product_id", "product_version", "country", "timezone", "firmware",
    "online", "registered_at", "changed_at", "first_frame_at", "last_frame_at",
)  # fmt: skip
_PLAIN: Final[dict[str, Any]] = {name: systems.c[name] for name in _COLUMNS}

LISTING: Final = Listing(
    "systems",
    systems,
    {**_PLAIN, "status": lambda occasion: overview.status_of(moment(occasion))},
    key="sn",
    tie=systems.c.sn,
    ties={"last_frame_at": systems.c.id},
    sorts=(
        Sort("sn", unique=True),
        Sort("last_frame_at", empty=True, descending=True),
        Sort("registered_at", descending=True),
    ),
    scope=_scope,
    filters=(
        Text("q", "sn", fold="upper", longest=24),
        Choice("status", choices=(*STATUSES, NEW)),
        Choice("product", "product_id"),
        Choice("country"),
        Choice("firmware"),
        Flag("online"),
        Time("last_frame_at"),
        Time("registered_at"),
    ),
    conditions={"status": _with_status},
    probes={"q": part_of_sn},
    choices={"product": _products},
)
