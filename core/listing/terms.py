"""What rows have to fulfil, and how the database is to find them: walking, or looking them up."""

from collections.abc import Sequence
from typing import Any, Final

from attrs import evolve
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.listing.conditions import aside, condition, named
from core.listing.filters import Filter, Given, column_of
from core.listing.query import Occasion, Query, sort_of
from core.listing.tables import Listing, Term, expression

FEW: Final = 2_000
"""Rows that are sorted after they were found; more are walked along in their order."""


async def filtered(
    connection: AsyncConnection,
    listing: Listing,
    query: Query,
    occasion: Occasion,
    without: str = "",
) -> list[Term]:
    """Everything that rows have to fulfil, but for their place and one filter."""
    scope = listing.scope(occasion.access)
    terms = [] if scope is None else [Term(scope)]
    for each in listing.filters:
        if each.key == without:
            continue
        given = query.given.get(each.key)
        if given is None:
            if (usual := listing.usual.get(each.key)) is not None:
                terms.append(Term(usual))
            continue
        if probe := listing.probes.get(each.key):
            made = await probe(connection, given, occasion)
            terms.append(evolve(made, walks=_walks(listing, each, given, query)))
            continue
        if own := listing.conditions.get(each.key):
            meant = own(given, occasion)
        else:
            meant = condition(expression(listing, column_of(each), occasion), each, given)
        terms.append(Term(meant, walks=_walks(listing, each, given, query)))
    return terms


def _walks(listing: Listing, asked: Filter, given: Given, query: Query) -> bool:
    """Whether an index holds what a filter lets through in the query's order."""
    sort = sort_of(listing, query.sort).ordered_by
    if column_of(asked) == sort:
        return True
    column, order = listing.columns.get(column_of(asked)), listing.columns[sort]
    if not isinstance(given, tuple) or len(given) > 1 or asked.key in listing.conditions:
        return False
    return any(
        len(index.columns) > 1
        and index.columns.values()[0] is column
        and index.columns.values()[1] is order
        for index in getattr(listing.tie.table, "indexes", ())
    )


async def conditions_of_page(
    connection: AsyncConnection, listing: Listing, terms: Sequence[Term]
) -> tuple[list[ColumnElement[bool]], int | None]:
    """The terms in the form that suits how many rows fit, and that number where it is small.

    Walking along the order until a page is full is quick where many rows fit, and endless where
    hardly any does. Few are found first, by whichever index is best for it, named one by one and
    sorted; of many the database is kept from finding and sorting them all.
    """
    conditions = [term.condition for term in terms]
    if not terms or (len(terms) == 1 and terms[0].walks):
        return conditions, None
    if any(term.few for term in terms):
        return conditions, None
    found = await some(connection, listing, terms)
    if len(found) <= FEW:
        return [named(connection.dialect.name, listing.tie, found)], len(found)
    walked = [term.condition if term.walks else aside(term.condition) for term in terms]
    return walked, None


async def some(connection: AsyncConnection, listing: Listing, terms: Sequence[Term]) -> list[Any]:
    """The ties of rows that fit, one more than are few at most."""
    fitting = select(listing.tie).select_from(listing.source)
    fitting = fitting.where(*(term.condition for term in terms)).limit(FEW + 1)
    return list((await connection.execute(fitting)).scalars())
