"""The lists that ship, on both databases: parts of serial numbers, scope, indexes behind orders."""

import pytest
from sqlalchemy import text, update

from benchmarks import portal_fleet
from core.access import PLATFORM, Access
from core.fleet import listed
from core.fleet.tables import systems
from core.host import Host
from core.listing import parts as parts_of
from core.listing import rows, stretches, terms
from core.listing.filters import Choice, Clock
from core.listing.query import Occasion, Query, read_query
from core.runtime.database import Database
from core.telemetry import listed as letters

NOW = portal_fleet.NOW
OCCASION = Occasion(PLATFORM, NOW, Host().registry())
NUMBER = 3_000


@pytest.fixture
async def fleet(database: Database) -> Database:
    await portal_fleet.fill(database, NUMBER, ["alpha", "beta", "gamma"])
    return database


def query_of(**said) -> Query:
    query, problems = read_query(listed.LISTING, said, Clock(NOW))
    assert problems == []
    return query


async def sns(database: Database, **said) -> list[str]:
    query = query_of(**said)
    page = await rows.page(database.read, listed.LISTING, query, OCCASION, ("sn",), NUMBER)
    return [row["sn"] for row in page.rows]


async def test_parts_of_serial_numbers(fleet: Database, monkeypatch):
    every = await sns(fleet)
    parts = [
        "AL",
        "al2001",
        "L20",
        "777",
        "B501",
        every[7],
        every[7][2:9],
        "ZZZ",
        'A"L',
        "%",
        "_L2",
    ]
    for few in (parts_of.FEW, 5):
        monkeypatch.setattr(parts_of, "FEW", few)
        for part in parts:
            wanted = part.upper()
            begins = [sn for sn in every if sn.startswith(wanted)]
            holds = [sn for sn in every if wanted in sn] if len(part) > 2 else begins
            assert await sns(fleet, q=[part]) == (begins if len(begins) > few else holds), part
            exact = await sns(fleet, **{"q.exact": [part]})
            assert exact == [sn for sn in every if sn == wanted]


async def test_parts_follow_what_is_written(fleet: Database):
    async with fleet.begin() as connection:
        await connection.execute(
            update(systems).where(systems.c.id == 1).values(sn="QQQWWWEEE1"),
        )
    assert await sns(fleet, q=["WWWEEE"]) == ["QQQWWWEEE1"]
    async with fleet.begin() as connection:
        await connection.execute(text("DELETE FROM faults"))
        await connection.execute(systems.delete().where(systems.c.id == 1))
    assert await sns(fleet, q=["WWWEEE"]) == []


async def test_few_and_many_give_the_same(fleet: Database, monkeypatch):
    asked = [
        {"product": ["alpha"]}, {"country": ["DE", "AU"], "sort": ["-registered_at"]},
        {"firmware": ["1.3.0"], "online": ["yes"], "sort": ["registered_at"]},
        {"status": ["offline"], "sort": ["-registered_at"]}, {"status": ["new", "fault"]},
        {"registered_at.from": [str(NOW - 10**11)], "sort": ["registered_at"]},
    ]  # fmt: skip
    found = [await sns(fleet, **said) for said in asked]
    assert all(found)
    monkeypatch.setattr(terms, "FEW", 1)
    assert [await sns(fleet, **said) for said in asked] == found


async def test_companies_see_their_systems(fleet: Database):
    async with fleet.read() as connection:
        query = text("SELECT company_id, count(*) FROM systems GROUP BY 1 ORDER BY 2 DESC LIMIT 1")
        company, number = (await connection.execute(query)).one()
    own = Occasion(Access(5, "bob", "B", company, frozenset()), NOW, OCCASION.registry)
    count = await rows.count(fleet.read, listed.LISTING, query_of(), own)
    assert count.number == number


@pytest.mark.parametrize("listing", [listed.LISTING, letters.LISTING], ids=lambda it: it.name)
async def test_no_order_scans_or_sorts_its_table(fleet: Database, listing):
    for sort in listing.sorts:
        for down in (False, True):
            query = Query(sort.column, down)
            for where, order in stretches.stretches(listing, query, None, OCCASION):
                chosen = stretches.chosen(listing, where, order, 50)
                page = stretches.rows_query(listing, [listing.key], query, OCCASION).where(chosen)
                plan = await plan_of(fleet, page)
                table = listing.tie.table.name
                assert not any("TEMP B-TREE" in step or "Sort" in step for step in plan), plan
                assert not any(f"Seq Scan on {table}" in step for step in plan), plan


async def test_every_choice_of_the_fleet_has_an_index(fleet: Database):
    answered = {**listed.LISTING.conditions, **listed.LISTING.probes}
    for each in listed.LISTING.filters:
        if not isinstance(each, Choice) or each.key in answered:
            continue
        value = {"product": "beta", "country": "HR", "firmware": "2.0.1"}[each.key]
        async with fleet.read() as connection:
            asked = await terms.filtered(
                connection, listed.LISTING, query_of(**{each.key: [value]}), OCCASION
            )
        plan = await plan_of(fleet, systems.select().where(*(t.condition for t in asked)).limit(9))
        assert not any("SCAN" in step or "Seq Scan" in step for step in plan), plan


async def plan_of(database: Database, statement) -> list[str]:
    """What the database means to do; PostgreSQL avoids scans and sorts, however little there is."""
    async with database.read() as connection:
        compiled = str(
            statement.compile(connection.sync_connection, compile_kwargs={"literal_binds": True})
        )
        if database.is_sqlite:
            found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")
            return [row[3] for row in found]
        for way in ("seqscan", "bitmapscan", "sort"):
            await connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        found = await connection.exec_driver_sql(f"EXPLAIN {compiled}")
        return [row[0] for row in found]
