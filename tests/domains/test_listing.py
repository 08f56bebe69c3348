"""Lists on both databases and in memory: pages against a plain model, scope, cursors, indexes."""

import random
from functools import cmp_to_key

import attrs
import pytest
from sqlalchemy import select

from core.access import PLATFORM, Access
from core.host import Host
from core.listing import cursors, rows
from core.listing.cursors import Place
from core.listing.filters import Clock
from core.listing.memory import MemoryListing
from core.listing.query import Occasion, Query, read_query
from core.records import RequestError
from core.runtime.database import Database
from tests.portal import workshop
from tests.portal.workshop import LISTING, tools

NOW = 1_700_000_000_000
NUMBER = 97
OCCASION = Occasion(PLATFORM, NOW, Host().registry())
SORTS = [f"{sign}{sort.column}" for sort in LISTING.sorts for sign in ("", "-")]
QUERIES = [
    {}, {"kind": ["saw"]}, {"kind": ["saw", "file"]}, {"weight.from": ["99.5"]},
    {"weight.to": ["300"], "kind": ["hammer"]}, {"q": ["tool 0003"]}, {"q": ["OL 0001"]},
    {"q.exact": ["tool 00012"]}, {"made_at.from": [str(NOW + 20)], "made_at.to": [str(NOW + 40)]},
    {"retired": ["yes"]}, {"retired": ["no"], "weight.from": ["1"]}, {"q": ["%"]},
    {"q": ["tool_00"]},
]  # fmt: skip


@pytest.fixture
async def filled(database: Database):
    await workshop.fill(database.begin, NUMBER)
    yield database
    async with database.begin() as connection:
        await connection.run_sync(workshop.METADATA.drop_all)


@pytest.fixture
async def everything(filled: Database):
    async with filled.read() as connection:
        found = (await connection.execute(select(tools))).mappings()
        return [dict(row) for row in found]


def query_of(sort: str = "", **said) -> Query:
    query, problems = read_query(LISTING, {**said, "sort": [sort] if sort else []}, Clock(NOW))
    assert problems == []
    return query


def expected(everything, sort: str, said) -> list[int]:
    """The plain model: filter, then sort with empty values last."""
    column, down = sort.lstrip("-"), sort.startswith("-")
    kept = [row for row in everything if fits(row, said)]

    def compare(a, b):
        x, y = a[column], b[column]
        if x is None or y is None:
            if x is not y:
                return 1 if x is None else -1
            x = y = 0
        order = (x > y) - (x < y) or (a["id"] > b["id"]) - (a["id"] < b["id"])
        return -order if down else order

    return [row["id"] for row in sorted(kept, key=cmp_to_key(compare))]


def fits(row, said) -> bool:
    text = said.get("q", [""])[0].lower()
    number = lambda name, default: float(said.get(name, [default])[0])  # noqa: E731
    checks = [
        "kind" not in said or row["kind"] in said["kind"],
        text in row["name"] if len(text) >= 3 else row["name"].startswith(text),
        "q.exact" not in said or row["name"] == said["q.exact"][0],
        "retired" not in said or (row["retired_at"] is not None) == (said["retired"] == ["yes"]),
    ]
    for name in ("weight", "made_at"):
        if f"{name}.from" in said or f"{name}.to" in said:
            low, high = number(f"{name}.from", "-inf"), number(f"{name}.to", "inf")
            checks.append(row[name] is not None and low <= row[name] <= high)
    return all(checks)


async def walk(read, listing, query, size: int, *, back: bool = False):
    """Ids of all pages in one direction, from the beginning or from the end backwards."""
    found = []
    while True:
        page = await rows.page(read, listing, query, OCCASION, (), size)
        ids = [row["id"] for row in page.rows]
        found = ids + found if back else found + ids
        cursor = page.previous if back else page.next
        if cursor is None:
            return found, page
        query = attrs.evolve(query, cursor=cursor)


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_there_and_back_are_the_models(filled, everything, sort):
    sizes = random.Random(sort)
    for said in QUERIES:
        query = query_of(sort, **said)
        wanted = expected(everything, sort, said)
        there, last = await walk(filled.read, LISTING, query, sizes.randint(9, 60))
        assert there == wanted, (sort, said)
        count = await rows.count(filled.read, LISTING, query, OCCASION)
        assert (count.number, count.capped) == (len(wanted), False)
        if last.previous is not None:
            end = attrs.evolve(query, cursor=last.previous)
            back, first = await walk(filled.read, LISTING, end, sizes.randint(9, 60), back=True)
            assert back == wanted[: len(back)], (sort, said)
            assert len(back) + len(last.rows) == len(wanted)
            assert first.previous is None


@pytest.mark.parametrize("sort", SORTS)
async def test_memory_pages_as_the_database_does(everything, sort):
    listing = MemoryListing(
        "tools", lambda _: everything, LISTING.names, "id", LISTING.sorts, LISTING.filters[:4]
    )
    for said in QUERIES:
        if "retired" in said:
            continue
        query = query_of(sort, **said)
        there, last = await walk(None, listing, query, 11)
        assert there == expected(everything, sort, said), (sort, said)
        if last.previous is not None:
            end = attrs.evolve(query, cursor=last.previous)
            back, _ = await walk(None, listing, end, 7, back=True)
            assert back == there[: len(back)]


async def test_a_company_sees_its_rows_only(filled, everything):
    own = Access(1, "bob", "B", 2, frozenset())
    occasion = attrs.evolve(OCCASION, access=own)
    wanted = {row["id"] for row in everything if row["company_id"] == 2}
    page = await rows.page(filled.read, LISTING, query_of(), occasion, (), 500)
    assert {row["id"] for row in page.rows} == wanted
    assert (await rows.count(filled.read, LISTING, query_of(), occasion)).number == len(wanted)
    assert await rows.by_keys(filled.read, LISTING, ["1", "2", "3"], occasion) == [
        row for row in everything if row["id"] == 2
    ]
    nobody = attrs.evolve(OCCASION, access=Access(1, "eve", "C", 2, frozenset()))
    assert (await rows.page(filled.read, LISTING, query_of(), nobody)).rows == []


async def test_counts_and_facets_stop_at_their_cap(filled, everything):
    count = await rows.count(filled.read, LISTING, query_of(), OCCASION, 20)
    assert (count.number, count.capped) == (20, True)
    query = query_of(kind=["saw"], **{"weight.from": ["100"]})
    found = await rows.facet_counts(filled.read, LISTING, query, OCCASION, 30)
    heavy = [row["kind"] for row in everything if (row["weight"] or 0) >= 100]
    assert {value: count.number for value, count in found["kind"].items()} == {
        kind: min(30, heavy.count(kind)) for kind in ("hammer", "saw", "file") if kind in heavy
    }


async def test_values_of_a_column_are_found_by_its_index(filled):
    from core.listing.values import distinct

    async with filled.read() as connection:
        assert await distinct(connection, tools.c.kind, tools) == ["file", "hammer", "saw"]


async def test_every_row_in_batches_and_again_from_the_middle(filled, everything):
    query, seen, cursors_ = query_of("weight"), [], []
    async for batch in rows.batches(filled.read, LISTING, query, OCCASION, ("id",), 20):
        seen += [row["id"] for row in batch.rows]
        cursors_.append(batch.next)
    assert seen == expected(everything, "weight", {})
    rest = attrs.evolve(query, cursor=cursors_[2])
    again = [
        row["id"]
        async for batch in rows.batches(filled.read, LISTING, rest, OCCASION, ("id",), 20)
        for row in batch.rows
    ]
    assert seen[60:] == again


@pytest.mark.parametrize(
    "place", [Place("text", 1), Place(1, "text"), Place(2**63, 1), Place(1.5, 2), Place(1, None)]
)
async def test_a_forged_cursor_is_refused(filled, place):
    query = query_of("weight")
    query = attrs.evolve(query, cursor=cursors.write(LISTING, query, place))
    with pytest.raises(RequestError, match="place in another"):
        await rows.page(filled.read, LISTING, query, OCCASION)
