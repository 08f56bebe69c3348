"""The list of corrections: columns, filters, orders, and of whose systems somebody sees them."""

from typing import Final

from sqlalchemy import ColumnElement

from core.access import Access
from core.companies.search import COMPANY, of_company_called
from core.fleet.scope import visible
from core.fleet.search import of_systems
from core.fleet.tables import systems
from core.listing.filters import Choice, Text, Time
from core.listing.query import Sort
from core.listing.tables import Listing
from core.telemetry.correction_tables import corrections
from core.telemetry.corrections import STATES
from core.telemetry.tables import ENERGIES

_COLUMNS: Final = (
    "id", "system_id", "figure", "first", "last", "wh", "state", "reason", "asked_at",
    "asked_by", "decided_at", "decided_by", "undone_at", "undone_by",
)  # fmt: skip


def _scope(access: Access) -> ColumnElement[bool] | None:
    return None if access.user_type == "A" else visible(access)


LISTING: Final = Listing(
    "corrections",
    corrections.join(systems, systems.c.id == corrections.c.system_id),
    {
        **{name: corrections.c[name] for name in _COLUMNS},
        **{name: systems.c[name] for name in ("sn", "name", "timezone")},
    },
    key="id",
    tie=corrections.c.id,
    sorts=(Sort("asked_at", descending=True),),
    scope=_scope,
    filters=(
        Text("q", "sn", fold="upper", longest=2_000),
        Choice("state", choices=STATES),
        Choice("figure", choices=ENERGIES),
        Time("asked_at"),
        COMPANY,
    ),
    conditions={"company": of_company_called(systems.c.company_id)},
    probes={"q": of_systems},
)
