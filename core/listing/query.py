"""What somebody asked of a list: filters, order and place, read from an address and checked."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from attrs import evolve, field, frozen

from core.access import Access
from core.listing.filters import Clock, Filter, Given, read
from core.registry import Registry
from core.thing_model.problems import Problem

SORT: Final = "sort"
CURSOR: Final = "at"


@frozen
class Sort:
    """A column that rows can be sorted by, with an index behind it.

    `unique`: no two rows share a value. `empty`: some rows have none; they come last either way.
    `descending`: which way a first click sorts. `by` is another column of a table's listing that
    is in the order meant, such as a name without regard to case.
    """

    column: str
    unique: bool = False
    empty: bool = False
    descending: bool = False
    by: str = ""

    @property
    def ordered_by(self) -> str:
        return self.by or self.column


class Shape(Protocol):
    """What every listing tells of itself, whatever it reads from."""

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def filters(self) -> tuple[Filter, ...]: ...
    @property
    def sorts(self) -> tuple[Sort, ...]: ...
    @property
    def names(self) -> tuple[str, ...]: ...


@frozen
class Occasion:
    """Who asks, when (UTC milliseconds), and by which engine."""

    access: Access
    now: int
    registry: Registry


@frozen
class Query:
    """Filters by key, an order and a place; `said` holds the filters as they were written."""

    sort: str
    descending: bool = False
    given: Mapping[str, Given] = field(factory=dict[str, Given])
    said: Mapping[str, tuple[str, ...]] = field(factory=dict[str, tuple[str, ...]])
    cursor: str = ""

    def without(self, key: str) -> "Query":
        """The same without one filter, at the beginning."""
        given = {k: v for k, v in self.given.items() if k != key}
        return evolve(self, given=given, cursor="")


def read_query(
    shape: Shape, said: Mapping[str, Sequence[str]], clock: Clock
) -> tuple[Query, list[Problem]]:
    """The query that parameters of an address make, and everything that is wrong with them.

    What is wrong is left out of the query; a caller that lists nonetheless would list too much.
    """
    given: dict[str, Given] = {}
    problems: list[Problem] = []
    for each in shape.filters:
        value, wrong = read(each, said, clock)
        problems += wrong
        if value is not None:
            given[each.key] = value
    sort, descending, wrong = _order(shape, said)
    problems += wrong
    names = [name for each in shape.filters for name in each.parameters]
    kept = {n: tuple(v for v in said[n] if v.strip()) for n in names if n in said}
    kept = {n: values for n, values in kept.items() if values}
    cursor = next(iter(said.get(CURSOR, ())), "")
    return Query(sort, descending, given, kept, cursor), problems


def _order(shape: Shape, said: Mapping[str, Sequence[str]]) -> tuple[str, bool, list[Problem]]:
    first = shape.sorts[0]
    wanted = next(iter(said.get(SORT, ())), "")
    if not wanted:
        return first.column, first.descending, []
    name, descending = wanted.removeprefix("-"), wanted.startswith("-")
    if any(sort.column == name for sort in shape.sorts):
        return name, descending, []
    columns = ", ".join(sort.column for sort in shape.sorts)
    problem = Problem(SORT, f"rows cannot be sorted by {name[:40]!r}", f"sort by {columns}")
    return first.column, first.descending, [problem]


def sort_of(shape: Shape, column: str) -> Sort:
    """The sort of a column that `read_query` let through."""
    return next(sort for sort in shape.sorts if sort.column == column)


def same_question(shape: Shape, query: Query) -> tuple[Any, ...]:
    """What a cursor belongs to: list, order and filters, not the place."""
    return (
        shape.name,
        query.sort,
        query.descending,
        sorted((name, sorted(values)) for name, values in query.said.items()),
    )
