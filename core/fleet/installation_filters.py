"""Filters of the list of systems by what an installation, its site and its end user say.

Of few installations the systems are named; of many the next that fits is never far, so the list
looks each system's installation up while it walks.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.installation_terms import MODES
from core.fleet.tables import end_users, installations, sites, systems
from core.listing.conditions import condition, named
from core.listing.filters import Choice, Filter, Span, Text, Time
from core.listing.parts import FEW
from core.listing.query import Occasion
from core.listing.tables import Probe, Term

_SITE: Final = (sites, sites.c.id == installations.c.site_id)
_OWNER: Final = (end_users, end_users.c.id == installations.c.end_user_id)
_BY_TEXT: Final[tuple[tuple[Text, ColumnElement[Any], Any], ...]] = (
    (Text("end_user", match="beginning", fold="case"), end_users.c.account, _OWNER),
    (Text("site", match="beginning", fold="case"), sites.c.folded_name, _SITE),
    (Text("post_code", match="beginning"), sites.c.post_code, _SITE),
    (Text("installer", match="exact"), installations.c.installer, None),
    (Text("licence", match="exact"), installations.c.licence, None),
    (Text("grid_regulation", match="exact"), installations.c.grid_regulation, None),
)
_MODE: Final = Choice("install_mode", choices=tuple(filter(None, MODES)), facet=False)
_DATE: Final = Time("installed_on")

FILTERS: Final[tuple[Filter, ...]] = (*(each for each, _, _ in _BY_TEXT), _MODE, _DATE)


def _probe(fits: Callable[[Any], ColumnElement[bool]], joined: Any = None) -> Probe:
    """What finds systems by a condition on `installations`, joined to another table or none."""
    source: Any = installations if joined is None else installations.join(*joined)

    async def probe(connection: AsyncConnection, given: Any, _: Occasion) -> Term:
        query = select(installations.c.system_id).select_from(source).where(fits(given))
        found = list((await connection.execute(query.limit(FEW + 1))).scalars())
        if len(found) <= FEW:
            return Term(named(connection.dialect.name, systems.c.id, found), few=True)
        own = query.where(installations.c.system_id == systems.c.id).correlate(systems)
        return Term(exists(own))

    return probe


def _by_text(asked: Text, column: ColumnElement[Any], joined: Any) -> Probe:
    return _probe(lambda given: condition(column, asked, given), joined)


def _of_modes(given: tuple[str, ...]) -> ColumnElement[bool]:
    return installations.c.install_mode.in_(given)


def on_days(column: ColumnElement[date | None], given: Span) -> ColumnElement[bool]:
    """By the dates in UTC of a range's ends, which people write as dates."""
    fits: ColumnElement[bool] = true()
    if given.low is not None:
        fits &= column >= _date(given.low)
    if given.high is not None:
        fits &= column <= _date(given.high)
    return fits & column.is_not(None)


def _installed(given: Span) -> ColumnElement[bool]:
    return on_days(installations.c.installed_on, given)


def _date(at: float) -> date:
    return datetime.fromtimestamp(at / 1000, UTC).date()


PROBES: Final[Mapping[str, Probe]] = {
    **{asked.key: _by_text(asked, column, joined) for asked, column, joined in _BY_TEXT},
    _MODE.key: _probe(_of_modes),
    _DATE.key: _probe(_installed),
}
