"""The list of faults over all systems: columns, filters, orders, and whose faults somebody sees."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, case, or_

from core.access import Access
from core.companies.search import COMPANY, of_company_called
from core.fleet.scope import visible
from core.fleet.search import of_systems
from core.fleet.tables import systems
from core.journal.tables import faults
from core.listing.filters import Choice, Text, Time
from core.listing.query import Occasion, Sort
from core.listing.tables import Listing
from core.thing_model.fault import SEVERITIES

STATES: Final = ("active", "resolved")
_IS: Final = {"active": faults.c.closed_at.is_(None), "resolved": faults.c.closed_at.is_not(None)}


def _scope(access: Access) -> ColumnElement[bool] | None:
    return None if access.user_type == "A" else visible(access)


def _in_state(given: Sequence[str], _: Occasion) -> ColumnElement[bool]:
    return or_(*(_IS[state] for state in given))


LISTING: Final = Listing(
    "faults",
    faults.join(systems, systems.c.id == faults.c.system_id),
    {
        **{name: faults.c[name] for name in ("id", "slot", "code", "severity")},
        **{name: faults.c[name] for name in ("opened_at", "closed_at")},
        "state": case((_IS["active"], "active"), else_="resolved"),
        "duration": faults.c.closed_at - faults.c.opened_at,
        **{name: systems.c[name] for name in ("sn", "name", "product_id", "product_version")},
        **{name: systems.c[name] for name in ("firmware", "country", "timezone")},
    },
    key="id",
    tie=faults.c.id,
    sorts=(Sort("opened_at", descending=True),),
    scope=_scope,
    filters=(
        Text("q", "sn", fold="upper", longest=2_000),
        Time("opened_at"),
        Choice("severity", choices=SEVERITIES),
        Choice("state", choices=STATES),
        Choice("slot"),
        Text("code", match="beginning"),
        Choice("product", "product_id"),
        Choice("country"),
        COMPANY,
    ),
    conditions={"state": _in_state, "company": of_company_called(systems.c.company_id)},
    probes={"q": of_systems},
    choices={"product": lambda occasion: sorted(occasion.registry.newest)},
)
