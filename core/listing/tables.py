"""Lists over tables of a database, SQLite or PostgreSQL.

A page costs the rows that it shows, wherever it lies: it begins behind the last row of the page
before, in an index of the order's column and the tie-break. Rows whose column is empty come last,
and are a stretch of their own, so that the index serves them too.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from math import ceil, floor
from typing import Any, Final

from attrs import field, frozen
from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    String,
    and_,
    false,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from core.access import Access
from core.listing.cursors import Place, Value
from core.listing.filters import SHORTEST_PART, Filter, Given, Span, Words, column_of
from core.listing.query import CURSOR, Occasion, Query, Sort, sort_of
from core.records import RequestError
from core.thing_model.problems import Problem

Row = dict[str, Any]
Expression = ColumnElement[Any] | Callable[[Occasion], ColumnElement[Any]]
Condition = Callable[[Any, Occasion], ColumnElement[bool]]
Probe = Callable[[AsyncConnection, Any, Occasion], Awaitable[ColumnElement[bool]]]
Scope = Callable[[Access], ColumnElement[bool] | None]
LARGEST: Final = 2**63


@frozen(eq=False)
class Listing:
    """What can be listed of a table or a join.

    columns: what a row holds, by name; an expression, or a function of the occasion that makes one.
    key: the column by which people and addresses name a row. `tie` is a column without two equal
    values, by which rows that are equal in the order are put in one; `ties` are others, by order.
    sorts: the first is the order where none is asked for.
    scope: which rows somebody may see at all; None is every row. Each listing has to say it.
    conditions: how a filter reads where it is not simply its column's value, by filter key.
    probes: the same for filters that look into the database first.
    choices: the values of a choice that the engine knows at the time, by filter key.
    """

    name: str
    source: FromClause
    columns: Mapping[str, Expression]
    key: str
    tie: Column[Any]
    sorts: tuple[Sort, ...]
    scope: Scope
    filters: tuple[Filter, ...] = ()
    conditions: Mapping[str, Condition] = field(factory=dict[str, Condition])
    probes: Mapping[str, Probe] = field(factory=dict[str, Probe])
    choices: Mapping[str, Callable[[Occasion], Sequence[str]]] = field(
        factory=dict[str, Callable[[Occasion], Sequence[str]]]
    )
    ties: Mapping[str, Column[Any]] = field(factory=dict[str, Column[Any]])

    def tie_of(self, sort: str) -> Column[Any]:
        """What puts rows that are equal in an order in one."""
        return self.ties.get(sort, self.tie)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)


def everybody(_: Access) -> None:
    """The scope of rows that all may see who may see the list."""


def platform_only(access: Access) -> ColumnElement[bool] | None:
    """The scope of rows that only type A may see."""
    return None if access.user_type == "A" else false()


def of_company(column: ColumnElement[Any]) -> Scope:
    """The scope of rows with a company: A sees all, B those of the company, C none."""

    def scope(access: Access) -> ColumnElement[bool] | None:
        if access.user_type == "A":
            return None
        return column == access.company_id if access.user_type == "B" else false()

    return scope


async def filtered(
    connection: AsyncConnection, listing: Listing, query: Query, occasion: Occasion
) -> list[ColumnElement[bool]]:
    """Everything that rows have to fulfil, but for their place."""
    scope = listing.scope(occasion.access)
    conditions = [] if scope is None else [scope]
    for filter in listing.filters:
        given = query.given.get(filter.key)
        if given is None:
            continue
        if probe := listing.probes.get(filter.key):
            conditions.append(await probe(connection, given, occasion))
        elif own := listing.conditions.get(filter.key):
            conditions.append(own(given, occasion))
        else:
            column = expression(listing, column_of(filter), occasion)
            conditions.append(condition(column, filter, given))
    return conditions


def expression(listing: Listing, name: str, occasion: Occasion) -> ColumnElement[Any]:
    """The column of a name."""
    found = listing.columns[name]
    return found if isinstance(found, ColumnElement) else found(occasion)


def condition(column: ColumnElement[Any], filter: Filter, given: Given) -> ColumnElement[bool]:
    """How a filter reads over its column."""
    match given:
        case Words(text, exact):
            part = getattr(filter, "match", "") == "part" and len(text) >= SHORTEST_PART
            if exact:
                return column == text
            return column.icontains(text, autoescape=True) if part else begins(column, text)
        case Span(low, high):
            return and_(true(), *_ends(column, low, high))
        case bool():
            return column.is_(given)
        case _:
            return column.in_(given) if len(given) > 1 else column == given[0]


def begins(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """A beginning as a range of the index; on PostgreSQL of one whose collation is "C"."""
    ordered = by_bytes(column)
    return and_(ordered >= text, ordered < text + "\U0010ffff")


class by_bytes(ColumnElement[str]):  # noqa: N801  reads as an SQL function
    """A text column compared by its bytes, whatever the database's language is."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = String()


@compiles(by_bytes)
def _plain(element: by_bytes, compiler: SQLCompiler, **keywords: Any) -> str:
    return compiler.process(element.column, **keywords)


@compiles(by_bytes, "postgresql")
def _collated(element: by_bytes, compiler: SQLCompiler, **keywords: Any) -> str:
    return f'({compiler.process(element.column, **keywords)} COLLATE "C")'


def _ends(
    column: ColumnElement[Any], low: float | None, high: float | None
) -> Iterator[ColumnElement[bool]]:
    """The two ends of a range; of a column of whole numbers the next ones within."""
    whole = column.type.python_type is int
    if low is not None:
        yield column >= (ceil(low) if whole else low)
    if high is not None:
        yield column <= (floor(high) if whole else high)


def stretches(
    listing: Listing, query: Query, place: Place | None, occasion: Occasion
) -> Iterator[tuple[list[ColumnElement[bool]], list[ColumnElement[Any]]]]:
    """Conditions and order of the stretches that a page is read from, one after the other."""
    sort = sort_of(listing, query.sort)
    column, last = expression(listing, sort.column, occasion), listing.tie_of(sort.column)
    before = place is not None and place.before
    down = query.descending != before
    by_tie = [last.desc() if down else last.asc()]
    order = [column.desc() if down else column.asc(), *([] if sort.unique else by_tie)]
    value = None if place is None else _checked(column, place.value, empty=sort.empty)
    tie = None if place is None else _checked(last, place.tie)
    at_empty = sort.empty and place is not None and value is None
    full = [column.is_not(None)] if sort.empty else []
    if place is not None and not at_empty:
        full.append(_beyond(column, None if sort.unique else last, value, tie, down=down))
    empty = [column.is_(None)]
    if at_empty:
        empty.append(last < tie if down else last > tie)
    if at_empty and not before:
        yield empty, by_tie
    elif not sort.empty or (before and not at_empty):
        yield full, order
    elif before:
        yield from ((empty, by_tie), (full, order))
    else:
        yield from ((full, order), (empty, by_tie))


def _beyond(
    column: ColumnElement[Any],
    tie: ColumnElement[Any] | None,
    value: Value,
    tie_value: Value,
    *,
    down: bool,
) -> ColumnElement[bool]:
    if tie is None:
        return column < value if down else column > value
    here = tuple_(column, tie)
    there = tuple_(literal(value, column.type), literal(tie_value, tie.type))
    return here < there if down else here > there


def _checked(column: ColumnElement[Any], value: Value, *, empty: bool = False) -> Value:
    """A cursor's value, which has to be of the column's type; raises RequestError."""
    wanted = column.type.python_type
    fits = empty if value is None else isinstance(value, float | int if wanted is float else wanted)
    if isinstance(value, int) and not -LARGEST <= value < LARGEST:
        fits = False
    if not fits or (isinstance(value, str) and "\0" in value):
        what = "is a place in another list, order or filter"
        raise RequestError(Problem(CURSOR, what, "begin at the first page"))
    return value


def key_value(listing: Listing, occasion: Occasion, text: str) -> Any:
    """A row's key as its column holds it; None where no row can have it."""
    wanted = expression(listing, listing.key, occasion).type.python_type
    if wanted is not int:
        return None if "\0" in text else text
    number = int(text) if text.isdecimal() and len(text) < 20 else LARGEST
    return number if number < LARGEST else None


def rows_query(
    listing: Listing, names: Sequence[str], query: Query, occasion: Occasion
) -> Select[Any]:
    """Columns by name, and what a cursor needs."""
    shown = [expression(listing, name, occasion).label(name) for name in names]
    sort = expression(listing, query.sort, occasion)
    return select(*shown, sort.label("_sort"), listing.tie_of(query.sort).label("_tie")).select_from(
        listing.source
    )


def keys_query(
    listing: Listing, keys: Sequence[str], occasion: Occasion, names: Sequence[str] = ()
) -> Select[Any]:
    """The rows of these keys that the asker may see."""
    scope = listing.scope(occasion.access)
    values = [key_value(listing, occasion, key) for key in keys]
    shown = [expression(listing, name, occasion).label(name) for name in names or listing.names]
    return (
        select(*shown)
        .select_from(listing.source)
        .where(
            expression(listing, listing.key, occasion).in_([v for v in values if v is not None]),
            *(() if scope is None else (scope,)),
        )
    )
