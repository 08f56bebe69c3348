"""Reading a list: a page, its count, its facets, one row, every row. Whatever it is a list of."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from attrs import evolve, frozen
from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.listing import cursors, facets, memory, stretches, terms
from core.listing.cursors import Place
from core.listing.facets import Count
from core.listing.filters import Choice, column_of
from core.listing.memory import MemoryListing
from core.listing.query import Occasion, Query
from core.listing.tables import Listing, Row

AnyListing = Listing | MemoryListing
Read = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
COUNT_CAP: Final = 10_000
PAGE: Final = 50
BATCH: Final = 1_000


@frozen
class Page:
    """Rows, and the cursors of the pages behind and before them; None where there is none.

    `total` is how many rows fit, where that is known without counting them.
    """

    rows: list[Row]
    next: str | None
    previous: str | None
    total: int | None = None


async def page(  # noqa: PLR0917  whose list, what of it, and how much
    read: Read,
    listing: AnyListing,
    query: Query,
    occasion: Occasion,
    names: Sequence[str] = (),
    limit: int = PAGE,
) -> Page:
    """A page of a list, with these columns or all; raises RequestError for a foreign cursor."""
    place = cursors.read(listing, query)
    if isinstance(listing, MemoryListing):
        rows = memory.ordered(listing, query, await _in_memory(read, listing, occasion))
        shown, earlier, later = memory.window(listing, query, rows, place, limit)
        places = [_memory_place(listing, query, row) for row in shown]
        shown = [dict(row) for row in shown]  # whoever completes them keeps to a copy
        return evolve(_page(listing, query, shown, places, (earlier, later)), total=len(rows))
    async with read() as connection:
        found, total = await _read(connection, listing, query, occasion, names, (place, limit + 1))
    more, found = len(found) > limit, found[:limit]
    before = place is not None and place.before
    if before:
        found.reverse()
    places = [Place(row.pop("_sort"), row.pop("_tie")) for row in found]
    around = (more, True) if before else (place is not None, more)
    if place is None and not more:
        total = len(found)
    return evolve(_page(listing, query, found, places, around), total=total)


def _page(
    listing: AnyListing,
    query: Query,
    rows: list[Row],
    places: Sequence[Place],
    around: tuple[bool, bool],
) -> Page:
    earlier, later = around
    behind = cursors.write(listing, query, places[-1]) if rows and later else None
    before = evolve(places[0], before=True) if rows and earlier else None
    return Page(rows, behind, cursors.write(listing, query, before) if before else None)


async def _in_memory(read: Read, listing: MemoryListing, occasion: Occasion) -> Iterable[Row]:
    """The rows of a listing, with what the database keeps beside them."""
    held = listing.rows(occasion)
    if listing.kept is None:
        return held
    async with read() as connection:
        return tuple(await listing.kept(connection, held))


def _memory_place(listing: MemoryListing, query: Query, row: Row) -> Place:
    value = row[query.sort]
    return Place(None if value is None else memory.sortable(value), row[listing.key])


async def _read(  # noqa: PLR0917  whose list, what of it, and how much
    connection: AsyncConnection,
    listing: Listing,
    query: Query,
    occasion: Occasion,
    names: Sequence[str],
    at: tuple[Place | None, int],
) -> tuple[list[Row], int | None]:
    place, limit = at
    asked = await terms.filtered(connection, listing, query, occasion)
    conditions, total = await terms.conditions_of_page(connection, listing, asked)
    statement = stretches.rows_query(listing, names or listing.names, query, occasion)
    found: list[Row] = []
    for where, order in stretches.stretches(listing, query, place, occasion):
        if len(found) < limit:
            chosen = stretches.chosen(listing, [*conditions, *where], order, limit - len(found))
            stretch = statement.where(chosen).order_by(*order)
            found += [dict(row) for row in (await connection.execute(stretch)).mappings()]
    return found, total


async def count(
    read: Read, listing: AnyListing, query: Query, occasion: Occasion, cap: int = COUNT_CAP
) -> Count:
    """How many rows fit, counted up to `cap` and no further."""
    if isinstance(listing, MemoryListing):
        held = await _in_memory(read, listing, occasion)
        number = sum(1 for _ in memory.filtered(listing, query, held))
        return Count(min(number, cap), number > cap)
    async with read() as connection:
        asked = await terms.filtered(connection, listing, query, occasion)
        conditions = [term.condition for term in asked]
        some = select(literal(1)).select_from(listing.source).where(*conditions).limit(cap + 1)
        statement = select(func.count()).select_from(some.subquery())
        number = int((await connection.execute(statement)).scalar_one())
    return Count(min(number, cap), number > cap)


async def facet_counts(
    read: Read, listing: AnyListing, query: Query, occasion: Occasion, cap: int = facets.CAP
) -> Mapping[str, Mapping[str, Count]]:
    """By choice and value, how many rows there would be: each choice beside the other filters."""
    wanted = [f for f in listing.filters if isinstance(f, Choice) and f.facet]
    if isinstance(listing, MemoryListing):
        held = await _in_memory(read, listing, occasion)
        return {f.key: _memory_facet(listing, f, query, held, cap) for f in wanted}
    asked = facets.asked(listing, query, occasion, cap)
    async with read() as connection:
        return {f.key: await facets.facet(connection, asked, f) for f in wanted}


def _memory_facet(
    listing: MemoryListing, filter: Choice, query: Query, held: Iterable[Row], cap: int
) -> Mapping[str, Count]:
    numbers: dict[str, int] = dict.fromkeys(filter.choices, 0)
    for row in memory.filtered(listing, query.without(filter.key), held):
        for value in memory.values_of(row[column_of(filter)]):
            numbers[value] = numbers.get(value, 0) + 1
    return {value: Count(min(n, cap), n > cap) for value, n in numbers.items() if n}


async def choices(
    read: Read, listing: AnyListing, occasion: Occasion
) -> Mapping[str, Sequence[str]]:
    """The values that each choice can have; of a table's column those that anybody's rows have."""
    wanted = [each for each in listing.filters if isinstance(each, Choice)]
    if isinstance(listing, MemoryListing):
        held = await _in_memory(read, listing, occasion)
        return {each.key: _values(each, held) for each in wanted}
    async with read() as connection:
        return {
            each.key: await facets.choices_of(connection, listing, each, occasion)
            for each in wanted
        }


def _values(choice: Choice, held: Iterable[Row]) -> Sequence[str]:
    if choice.choices:
        return choice.choices
    cells = (row[column_of(choice)] for row in held)
    return sorted({v for cell in cells for v in memory.values_of(cell) if v})


async def by_keys(
    read: Read,
    listing: AnyListing,
    keys: Sequence[str],
    occasion: Occasion,
    names: Sequence[str] = (),
) -> list[Row]:
    """Those of the rows with these keys that the asker may see."""
    if isinstance(listing, MemoryListing):
        wanted = set(keys)
        held = await _in_memory(read, listing, occasion)
        return [dict(row) for row in held if str(row[listing.key]) in wanted]
    statement = stretches.keys_query(listing, keys, occasion, names)
    async with read() as connection:
        return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def locked(
    connection: AsyncConnection, listing: AnyListing, key: str, occasion: Occasion
) -> Row | None:
    """The row of a key in an open transaction, kept from being changed by others until its end."""
    if isinstance(listing, MemoryListing):
        if listing.kept is None:
            raise TypeError(f"rows of {listing.name} are in memory and cannot be changed")
        held = await listing.kept(connection, listing.rows(occasion))
        return next((dict(row) for row in held if str(row[listing.key]) == key), None)
    statement = stretches.keys_query(listing, [key], occasion).with_for_update(of=listing.tie.table)
    found = (await connection.execute(statement)).mappings().one_or_none()
    return None if found is None else dict(found)


async def one(
    read: Read, listing: AnyListing, key: str, occasion: Occasion, names: Sequence[str] = ()
) -> Row | None:
    """The row of a key; None where there is none that the asker may see."""
    return next(iter(await by_keys(read, listing, [key], occasion, names)), None)


async def batches(  # noqa: PLR0917  whose list, what of it, and how much
    read: Read,
    listing: AnyListing,
    query: Query,
    occasion: Occasion,
    names: Sequence[str] = (),
    size: int = BATCH,
) -> AsyncIterator[Page]:
    """Every row that fits, from the query's place on, in constant memory.

    Each batch is read in a transaction of its own, so that a long walk holds nothing up; `next` of
    a batch is where the walk can be taken up again.
    """
    cursor: str | None = query.cursor
    while cursor is not None:
        batch = await page(read, listing, evolve(query, cursor=cursor), occasion, names, size)
        if batch.rows:
            yield batch
        cursor = batch.next
