"""What an address says of a list: filters, order, place, columns."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from attrs import field, frozen
from litestar import Request

from core.listing.filters import Clock
from core.listing.query import CURSOR, SORT, Query, read_query
from core.registry import Registry
from core.thing_model.problems import Problem
from portal.resource.declared import Column, Resource, default_columns
from portal.services import Services
from portal.texts import _

COLUMNS: Final = "columns"
VIEW: Final = "view"
LIST: Final = "list"
"""By which the page of a row is told the list that it was opened from."""
PAUSED: Final = "paused"
OTHERS: Final = ("tz", "lang", "theme", "density", VIEW, PAUSED, "done", "refused")
"""Parameters of the shell and of messages, which say nothing of the list."""
Pairs = Sequence[tuple[str, str]]


@frozen
class State:
    """A list as its address asks for it; `problems` is what is wrong with the address.

    wanting: filters of which one has yet to be given; until then nothing is listed.
    paused: whether it stays as it is, where it would look again by itself.
    """

    path: str
    query: Query
    columns: tuple[Column, ...]
    columns_chosen: bool
    sort_chosen: bool
    problems: tuple[Problem, ...] = ()
    kept: Pairs = field(factory=tuple[tuple[str, str], ...])
    wanting: tuple[str, ...] = ()
    paused: bool = False

    def wrong(self, parameter: str) -> str:
        """What is wrong with a parameter, empty where nothing is."""
        found = (p for p in self.problems if p.where == parameter)
        return "; ".join(f"{p.what}: {p.hint}" if p.hint else p.what for p in found)

    def filters(self) -> list[tuple[str, str]]:
        """The filters as parameters of an address."""
        return [(name, value) for name, values in self.query.said.items() for value in values]

    def order(self) -> list[tuple[str, str]]:
        sign = "-" if self.query.descending else ""
        return [(SORT, f"{sign}{self.query.sort}")] if self.sort_chosen else []

    def shown(self) -> list[tuple[str, str]]:
        if not self.columns_chosen:
            return []
        return [(COLUMNS, ",".join(column.id for column in self.columns))]

    def still(self) -> list[tuple[str, str]]:
        return [(PAUSED, "yes")] if self.paused else []

    def address(
        self,
        suffix: str = "",
        *,
        filters: Iterable[tuple[str, str]] | None = None,
        order: Iterable[tuple[str, str]] | None = None,
        shown: Iterable[tuple[str, str]] | None = None,
        still: Iterable[tuple[str, str]] | None = None,
        cursor: str = "",
    ) -> str:
        """The address of the list with one of its parts changed, and the others as they are."""
        parts = [
            *(self.filters() if filters is None else filters),
            *(self.order() if order is None else order),
            *(self.shown() if shown is None else shown),
            *(self.still() if still is None else still),
            *([(CURSOR, cursor)] if cursor else []),
            *self.kept,
        ]
        return f"{self.path}{suffix}{'?' if parts else ''}{urlencode(parts, safe=':,')}"

    @property
    def named(self) -> str:
        """Filters and order, as the page of a row keeps them to know what stands beside it."""
        return urlencode([*self.filters(), *self.order()]) or f"{SORT}={self.query.sort}"

    def without(self, *pairs: tuple[str, str]) -> str:
        """The address without some values of filters."""
        return self.address(filters=[pair for pair in self.filters() if pair not in pairs])

    def pausing(self) -> str:
        """The address that stops it looking again, or has it go on."""
        still = () if self.paused else ((PAUSED, "yes"),)
        return self.address(still=still, cursor=self.query.cursor)

    def sorted_by(self, column: str, *, descending: bool) -> str:
        return self.address(order=[(SORT, f"{'-' if descending else ''}{column}")])


def state_of(resource: Resource, request: Request[Any, Any, Any], services: Services) -> State:
    """The state that a request's address asks for."""
    pairs = [(k, str(v)) for k, v in request.query_params.multi_items()]
    return read_state(resource, pairs, Clock(services.clock()), services.registry)


def read_state(resource: Resource, pairs: Pairs, clock: Clock, registry: Registry) -> State:
    """The state of the parameters of an address."""
    said: dict[str, list[str]] = {}
    for name, value in pairs:
        said.setdefault(name, []).append(value)
    query, problems = read_query(resource.listing, said, clock)
    columns, wrong = _columns(resource, said.get(COLUMNS, ()), registry)
    problems += [*wrong, *_unknown(resource, said)]
    return State(
        resource.path,
        query,
        columns,
        COLUMNS in said,
        any(said.get(SORT, ())),
        tuple(problems),
        [(name, value) for name, value in pairs if name == "tz"],
        () if query.given.keys() & set(resource.one_of) else resource.one_of,
        "yes" in said.get(PAUSED, ()),
    )


def pairs_of(text: str) -> list[tuple[str, str]]:
    """The parameters of a query string."""
    return parse_qsl(text, keep_blank_values=False, max_num_fields=500)


def _columns(
    resource: Resource, said: Sequence[str], registry: Registry
) -> tuple[tuple[Column, ...], list[Problem]]:
    ids = dict.fromkeys(name for text in said for name in text.split(",") if name)
    if not ids:
        return tuple(default_columns(resource)), []
    found = {name: resource.found(registry, name) for name in ids}
    known = tuple(column for column in found.values() if column is not None)
    if (more := resource.more_columns) and len(more_of(resource, known)) > more.most:
        what = _("more than %(most)s are chosen", most=more.most)
        return known, [Problem(COLUMNS, what, _("choose fewer"))]
    if unknown := [name for name, column in found.items() if column is None]:
        hint = f"choose from {', '.join(column.id for column in resource.columns)}"
        return known, [Problem(COLUMNS, f"there is no column {unknown[0][:40]!r}", hint)]
    return known, []


def more_of(resource: Resource, columns: Iterable[Column]) -> list[Column]:
    """Those of the columns that are not declared, but follow from what systems are made of."""
    return [column for column in columns if resource.column(column.id) is None]


def _unknown(resource: Resource, said: Mapping[str, Any]) -> list[Problem]:
    filters = [name for each in resource.listing.filters for name in each.parameters]
    known = {*filters, SORT, CURSOR, COLUMNS, *OTHERS}
    hint = f"this list can be filtered by {', '.join(filters) or 'nothing'}"
    return [
        Problem(name[:40], "is no filter of this list", hint) for name in said if name not in known
    ]
