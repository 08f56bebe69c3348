"""Lists over rows in memory: what the registry holds, by the same filters, sorts and cursors."""

from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from core.listing.cursors import Place
from core.listing.filters import SHORTEST_PART, Filter, Given, Span, Text, Words, column_of
from core.listing.query import Occasion, Query, Sort

Row = dict[str, Any]
Kept = Callable[[AsyncConnection, Iterable[Row]], Awaitable[Iterable[Row]]]


@frozen(eq=False)
class MemoryListing:
    """What can be listed of some thousand rows in memory; `key` is unique.

    A column may hold a list of texts; a choice then fits any of them. `kept` gives the rows with
    what the database keeps beside them; rows that have it can be changed.
    """

    name: str
    rows: Callable[[Occasion], Iterable[Row]]
    names: tuple[str, ...]
    key: str
    sorts: tuple[Sort, ...]
    filters: tuple[Filter, ...] = ()
    choices: Mapping[str, Callable[[Occasion], Sequence[str]]] = field(
        factory=dict[str, Callable[[Occasion], Sequence[str]]]
    )
    kept: Kept | None = None


def distinct_keys(names: Iterable[str]) -> Iterator[str]:
    """The names, with `:2`, `:3` … behind those that were there before."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = place = seen.get(name, 0) + 1
        yield name if place == 1 else f"{name}:{place}"


def filtered(listing: MemoryListing, query: Query, rows: Iterable[Row]) -> Iterator[Row]:
    """Those of the rows that fit, in no order."""
    asked = [(f, query.given[f.key]) for f in listing.filters if f.key in query.given]
    for row in rows:
        if all(fits(row[column_of(each)], each, given) for each, given in asked):
            yield row


def fits(value: Any, filter: Filter, given: Given) -> bool:
    """Whether a value is what a filter asks for."""
    match given:
        case Words(text, exact):
            return isinstance(filter, Text) and _says(str(value or ""), filter, text, exact=exact)
        case Span(low, high):
            above = low is None or (value is not None and value >= low)
            return above and (high is None or (value is not None and value <= high))
        case bool():
            return value is given
        case _:
            return bool(set(given) & set(values_of(value)))


def values_of(value: Any) -> Sequence[str]:
    """The values of a cell that may hold several."""
    return value if isinstance(value, list | tuple) else (value,)  # pyright: ignore[reportUnknownVariableType]


def _says(value: str, filter: Text, text: str, *, exact: bool) -> bool:
    """Memory is small: upper and lower case are the same in it."""
    value, text = value.casefold(), text.casefold()
    if exact:
        return value == text
    part = filter.match == "part" and len(text) >= SHORTEST_PART
    return text in value if part else value.startswith(text)


def ordered(listing: MemoryListing, query: Query, rows: Iterable[Row]) -> list[Row]:
    """Those of the rows that fit, in order; those without a value last, either way."""
    fitting = list(filtered(listing, query, rows))
    full = [row for row in fitting if row[query.sort] is not None]
    empty = [row for row in fitting if row[query.sort] is None]
    for part in (full, empty):
        part.sort(key=lambda row: _rank(row, query.sort, listing.key), reverse=query.descending)
    return full + empty


def window(
    listing: MemoryListing, query: Query, rows: Sequence[Row], place: Place | None, limit: int
) -> tuple[list[Row], bool, bool]:
    """The rows of a page, and whether there are any before and behind it."""
    ranks = [_position(row, query, listing.key) for row in rows]
    begin = 0
    if place is not None:
        at = _place(place, query)
        begin = bisect_left(ranks, at) - limit if place.before else bisect_right(ranks, at)
    end = begin + limit
    begin = max(0, begin)
    return list(rows[begin:end]), begin > 0, end < len(rows)


def _rank(row: Row, sort: str, key: str) -> tuple[Any, Any]:
    value = row[sort]
    return ("" if value is None else sortable(value)), row[key]


def sortable(value: Any) -> Any:
    """A cell as it is compared: texts without regard to case."""
    if isinstance(value, list | tuple):
        return " ".join(map(str, value)).casefold()  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    return value.casefold() if isinstance(value, str) else value


@frozen(order=False, eq=False)
class _Position:
    """Where a row stands, so that positions compare as the list is ordered."""

    empty: bool
    rank: tuple[Any, Any]
    down: bool

    def __lt__(self, other: "_Position") -> bool:
        if self.empty != other.empty:
            return other.empty
        return self.rank > other.rank if self.down else self.rank < other.rank


def _position(row: Row, query: Query, key: str) -> _Position:
    return _Position(row[query.sort] is None, _rank(row, query.sort, key), query.descending)


def _place(place: Place, query: Query) -> _Position:
    return _Position(
        place.value is None,
        ("" if place.value is None else place.value, place.tie),
        query.descending,
    )
