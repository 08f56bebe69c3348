"""The list of storm warnings: columns, filters, orders, and whose somebody sees."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, false, or_

from core.access import Access
from core.companies.search import COMPANY, of_company_called
from core.companies.tables import companies
from core.fleet.storm_warnings import KINDS, SEVERITIES, STATES, changed_by, seen_by
from core.fleet.tables import storm_warnings
from core.listing.filters import Choice, Text, Time
from core.listing.query import Occasion, Sort
from core.listing.tables import Listing

_C: Final = storm_warnings.c


def _scope(access: Access) -> ColumnElement[bool] | None:
    if access.user_type == "A":
        return None
    return seen_by(access) if access.user_type == "B" else false()


def _conditions(now: int) -> dict[str, ColumnElement[bool]]:
    """When a warning is in a state; `StormWarning.state` says the same of one."""
    stands = _C.withdrawn_at.is_(None)
    return {
        "coming": and_(stands, _C.starts_at > now, _C.ends_at > now),
        "in_force": and_(stands, _C.starts_at <= now, _C.ends_at > now),
        "over": and_(stands, _C.ends_at <= now),
        "withdrawn": _C.withdrawn_at.is_not(None),
    }


def _state(occasion: Occasion) -> ColumnElement[Any]:
    return case(*((fits, state) for state, fits in _conditions(occasion.now).items()))


def _with_state(given: Sequence[str], occasion: Occasion) -> ColumnElement[bool]:
    known = _conditions(occasion.now)
    return or_(*(known[state] for state in given))


LISTING: Final = Listing(
    "storm_warnings",
    storm_warnings.outerjoin(companies, companies.c.id == _C.company_id),
    {
        **{column.name: column for column in _C},
        "company": companies.c["name"],
        "state": _state,
        "may_change": lambda occasion: case((changed_by(occasion.access), 1), else_=0),
    },
    key="id",
    tie=_C.id,
    sorts=(Sort("starts_at", descending=True), Sort("changed_at", descending=True)),
    scope=_scope,
    filters=(
        Choice("state", choices=STATES),
        Choice("country"),
        Text("region", match="beginning"),
        Choice("kind", choices=KINDS),
        Choice("severity", choices=SEVERITIES),
        Time("starts_at"),
        Time("ends_at"),
        COMPANY,
    ),
    conditions={"state": _with_state, "company": of_company_called(_C.company_id)},
)
