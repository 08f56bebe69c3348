"""Pages of tables.

A page costs the rows that it shows, wherever it lies: it begins behind the last row of the page
before, in an index of the order's column and the tie-break. Rows whose column is empty come last,
and are a stretch of their own, so that the index serves them too.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, literal, select, tuple_

from core.listing.cursors import Place, Value
from core.listing.query import CURSOR, Occasion, Query, sort_of
from core.listing.tables import Listing, expression
from core.records import RequestError
from core.thing_model.problems import Problem

LARGEST: Final = 2**63
Stretch = tuple[list[ColumnElement[bool]], list[ColumnElement[Any]]]


def stretches(
    listing: Listing, query: Query, place: Place | None, occasion: Occasion
) -> Iterator[Stretch]:
    """Conditions and order of the stretches that a page is read from, one after the other."""
    sort = sort_of(listing, query.sort)
    column, last = expression(listing, sort.ordered_by, occasion), listing.tie_of(sort.column)
    before = place is not None and place.before
    down = query.descending != before
    by_tie: list[ColumnElement[Any]] = [last.desc() if down else last.asc()]
    order: list[ColumnElement[Any]] = [
        column.desc() if down else column.asc(),
        *([] if sort.unique else by_tie),
    ]
    value = None if place is None else _checked(column, place.value, empty=sort.empty)
    tie = None if place is None else _checked(last, place.tie)
    at_empty = sort.empty and place is not None and value is None
    full: list[ColumnElement[bool]] = [column.is_not(None)] if sort.empty else []
    if place is not None and not at_empty:
        full.append(_beyond(column, None if sort.unique else last, value, tie, down=down))
    empty: list[ColumnElement[bool]] = [column.is_(None)]
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
    sort = expression(listing, sort_of(listing, query.sort).ordered_by, occasion)
    return select(
        *shown, sort.label("_sort"), listing.tie_of(query.sort).label("_tie")
    ).select_from(listing.source)


def chosen(
    listing: Listing,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[Any]],
    limit: int,
) -> ColumnElement[bool]:
    """The rows of a page by their tie: what they show is made for them, not for all that fit."""
    page = select(listing.tie).select_from(listing.source).where(*conditions)
    return listing.tie.in_(page.order_by(*order).limit(limit))


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
