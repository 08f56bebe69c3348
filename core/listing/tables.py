"""What a list over tables of a database declares; SQLite and PostgreSQL alike."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from sqlalchemy import Column, ColumnElement, FromClause, false
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.listing.filters import Filter
from core.listing.query import Occasion, Sort

Row = dict[str, Any]
Expression = ColumnElement[Any] | Callable[[Occasion], ColumnElement[Any]]
Condition = Callable[[Any, Occasion], ColumnElement[bool]]
Scope = Callable[[Access], ColumnElement[bool] | None]


@frozen
class Term:
    """One thing that rows have to fulfil.

    walks: the order's index begins with it, so that all rows on the way fulfil it.
    few: it names rows one by one, some thousand at most.
    """

    condition: ColumnElement[bool]
    walks: bool = True
    few: bool = False


Probe = Callable[[AsyncConnection, Any, Occasion], Awaitable[Term]]


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
    usual: what rows fulfil where a filter is not asked for, by its key: nearly all of them do.
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
    usual: Mapping[str, ColumnElement[bool]] = field(factory=dict[str, ColumnElement[bool]])
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


def expression(listing: Listing, name: str, occasion: Occasion) -> ColumnElement[Any]:
    """The column of a name."""
    found: Any = listing.columns[name]
    return found(occasion) if callable(found) else found  # type: ignore[no-any-return]
