"""The list of NMI registrations: columns, filters, orders, and whose somebody sees."""

from typing import Final

from sqlalchemy import ColumnElement

from core.access import Access
from core.companies.search import COMPANY, of_company_called
from core.fleet.nmi_registrations import OPERATORS, STATES
from core.fleet.scope import visible
from core.fleet.search import of_systems
from core.fleet.tables import installations, nmi_registrations, systems
from core.listing.filters import Choice, Text, Time
from core.listing.query import Sort
from core.listing.tables import Listing


def _scope(access: Access) -> ColumnElement[bool] | None:
    return None if access.user_type == "A" else visible(access)


LISTING: Final = Listing(
    "nmi",
    nmi_registrations.join(systems, systems.c.id == nmi_registrations.c.system_id).outerjoin(
        installations, installations.c.system_id == systems.c.id
    ),
    {
        **{name: nmi_registrations.c[name] for name in ("nmi", "operator", "lfdi", "state")},
        **{name: nmi_registrations.c[name] for name in ("state_at", "failure", "created_at")},
        **{name: nmi_registrations.c[name] for name in ("changed_at", "version")},
        **{name: systems.c[name] for name in ("sn", "name", "timezone")},
        **{name: installations.c[name] for name in ("installer", "licence", "install_mode")},
        **{name: installations.c[name] for name in ("pv_at_storage", "pv_at_inverter")},
    },
    key="sn",
    tie=nmi_registrations.c.system_id,
    sorts=(Sort("changed_at", descending=True), Sort("created_at", descending=True), Sort("nmi")),
    scope=_scope,
    filters=(
        Text("q", "sn", fold="upper", longest=2_000),
        Text("nmi", match="beginning", fold="upper", longest=10),
        Choice("state", choices=STATES),
        Choice("operator", choices=OPERATORS),
        Text("licence", match="exact"),
        Time("changed_at"),
        Time("created_at"),
        COMPANY,
    ),
    conditions={"company": of_company_called(systems.c.company_id)},
    probes={"q": of_systems},
)
