"""Facets: how many rows there are of each value of a choice, counted up to a limit and for a while.

Each choice is counted beside the other filters. Where few rows fit those, one statement counts all
values; where many do, each value is counted until there are enough. What takes too long is left
out: a number that comes late is of no use beside a list that is there.
"""

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Final

from attrs import frozen
from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.listing import terms
from core.listing.conditions import named
from core.listing.filters import Choice, column_of
from core.listing.query import Occasion, Query
from core.listing.tables import Listing, Term, expression
from core.listing.values import distinct

CAP: Final = 1_000
PATIENCE: Final = 0.4
"""Seconds after which no further value is counted."""


@frozen
class Count:
    """How many; `capped` says that there are more."""

    number: int
    capped: bool


@frozen
class Asked:
    """A list, what was asked of it, and until when values are counted."""

    listing: Listing
    query: Query
    occasion: Occasion
    cap: int
    until: float


def asked(listing: Listing, query: Query, occasion: Occasion, cap: int) -> Asked:
    return Asked(listing, query, occasion, cap, monotonic() + PATIENCE)


async def facet(connection: AsyncConnection, wanted: Asked, choice: Choice) -> Mapping[str, Count]:
    """Value to number, of values that some row has; those that were not reached are missing."""
    listing, occasion = wanted.listing, wanted.occasion
    values = await choices_of(connection, listing, choice, occasion)
    others = await terms.filtered(connection, listing, wanted.query, occasion, choice.key)
    if others:
        few = await terms.some(connection, listing, others)
        if len(few) <= terms.FEW:
            others = [Term(named(connection.dialect.name, listing.tie, few), few=True)]
            if choice.key not in listing.conditions:
                return await _grouped(connection, wanted, choice, others)
    found: dict[str, Count] = {}
    for value in values:
        if monotonic() > wanted.until:
            break
        if number := await _number(connection, wanted, choice, (others, value)):
            found[value] = Count(min(number, wanted.cap), number > wanted.cap)
    return found


async def _grouped(
    connection: AsyncConnection, wanted: Asked, choice: Choice, others: Sequence[Term]
) -> Mapping[str, Count]:
    """All values at once, of few rows."""
    column = expression(wanted.listing, column_of(choice), wanted.occasion)
    query = (
        select(column, func.count())
        .select_from(wanted.listing.source)
        .where(*(term.condition for term in others))
        .group_by(column)
    )
    found = (await connection.execute(query)).all()
    return {
        value: Count(min(number, wanted.cap), number > wanted.cap)
        for value, number in sorted(found, key=lambda pair: str(pair[0]))
        if value not in ("", None)
    }


async def _number(
    connection: AsyncConnection,
    wanted: Asked,
    choice: Choice,
    of: tuple[Sequence[Term], str],
) -> int:
    """How many rows have a value, up to one more than the cap."""
    others, value = of
    fitting = (
        select(literal(1))
        .select_from(wanted.listing.source)
        .where(*(term.condition for term in others), _is(wanted, choice, value))
        .limit(wanted.cap + 1)
    )
    query = select(func.count()).select_from(fitting.subquery())
    return int((await connection.execute(query)).scalar_one())


def _is(wanted: Asked, choice: Choice, value: str) -> Any:
    own: Callable[..., Any] | None = wanted.listing.conditions.get(choice.key)
    if own is not None:
        return own((value,), wanted.occasion)
    return expression(wanted.listing, column_of(choice), wanted.occasion) == value


async def choices_of(
    connection: AsyncConnection, listing: Listing, filter: Choice, occasion: Occasion
) -> Sequence[str]:
    """The values that a choice can have: declared, known to the engine, or found in the table."""
    if filter.choices:
        return filter.choices
    if known := listing.choices.get(filter.key):
        return known(occasion)
    return await distinct(
        connection, expression(listing, column_of(filter), occasion), listing.source
    )
