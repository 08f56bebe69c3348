"""Lists of companies, users and the audit, on both databases, against a plain model."""

import attrs
import pytest
from sqlalchemy import text

from core.access import PLATFORM, Access
from core.accounts.listed import LISTING as USERS
from core.audit.listed import LISTING as AUDIT
from core.companies.listed import LISTING as COMPANIES
from core.fleet.listed import LISTING as SYSTEMS
from core.fleet.tables import systems
from core.host import Host
from core.listing import rows, stretches, terms
from core.listing.filters import Clock
from core.listing.query import Occasion, Query, read_query
from core.listing.tables import Listing
from core.runtime.database import Database
from tests.devices import START
from tests.domains import people
from tests.domains.test_lists_of_systems import plan_of

NUMBER = 2_400
OCCASION = Occasion(PLATFORM, START, Host().registry())
EVERY_COMPANY = [people.company(n) for n in range(1, NUMBER + 1)]
EVERY_USER = [people.user(n) for n in range(1, NUMBER + 1)]
EVERY_ENTRY = [people.entry(n) for n in range(1, NUMBER + 1)]


@pytest.fixture
async def filled(database: Database) -> Database:
    await people.fill(database, NUMBER)
    async with database.begin() as connection:
        await connection.execute(text("ANALYZE"))
    return database


def query_of(listing: Listing, **said: str | list[str]) -> Query:
    given = {k.replace("__", "."): [v] if isinstance(v, str) else v for k, v in said.items()}
    query, problems = read_query(listing, given, Clock(START))
    assert problems == []
    return query


async def ids(database: Database, listing: Listing, access: Access = PLATFORM, **said) -> list[int]:
    """Of all pages, 500 rows each."""
    found, query = list[int](), query_of(listing, **said)
    occasion = attrs.evolve(OCCASION, access=access)
    async for page in rows.batches(database.read, listing, query, occasion, ("id",), 500):
        found += [row["id"] for row in page.rows]
    return found


def there(every):
    return [row for row in every if row["state"] != "deleted"]


async def test_companies_are_ordered_by_name_without_regard_to_case(filled: Database):
    model = sorted(there(EVERY_COMPANY), key=lambda row: row["folded_name"])
    assert await ids(filled, COMPANIES, sort="name") == [row["id"] for row in model]
    assert await ids(filled, COMPANIES, sort="-name") == [row["id"] for row in reversed(model)]
    by_country = sorted(model, key=lambda row: (row["country"], row["folded_name"]))
    assert await ids(filled, COMPANIES, sort="country") == [row["id"] for row in by_country]


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ({"q": "ÖSTROM 0002"}, lambda row: "östrom 0002" in row["name"].lower()),
        ({"q": "STRASSE 00010"}, lambda row: "Straße 00010" in row["name"]),
        ({"q": "00012"}, lambda row: "00012" in row["name"]),
        ({"q": "su"}, lambda row: row["name"].startswith("Su")),
        ({"q__exact": "moon 000001"}, lambda row: row["name"] == "moon 000001"),
        ({"q": "%"}, lambda row: False),
        ({"mail": "Office23"}, lambda row: row["mail"].startswith("office23")),
        ({"country": ["DE", "AU"]}, lambda row: row["country"] in ("DE", "AU")),
        ({"category": "reseller", "country": "AT"}, lambda row: row["id"] % 12 == 5),
        ({"licence": "L33"}, lambda row: row["licence"] == "L33"),
        ({"created_at__from": str(START + 2_390)}, lambda row: row["id"] >= 2_390),
    ],
)
async def test_companies_are_found(filled: Database, said, fits):
    wanted = [row["id"] for row in there(EVERY_COMPANY) if fits(row)]
    assert sorted(await ids(filled, COMPANIES, **said)) == wanted


async def test_what_is_deleted_is_listed_by_its_state_only(filled: Database, monkeypatch):
    gone = [row["id"] for row in EVERY_COMPANY if row["state"] == "deleted"]
    for few in (terms.FEW, 1):
        monkeypatch.setattr(terms, "FEW", few)
        assert sorted(await ids(filled, COMPANIES, state="deleted")) == gone
        both = await ids(filled, COMPANIES, state=["deleted", "pending"])
        assert set(gone) < set(both)
        assert not set(gone) & set(await ids(filled, COMPANIES))
    count = await rows.count(filled.read, COMPANIES, query_of(COMPANIES), OCCASION)
    assert count.number == NUMBER - len(gone)
    assert await rows.one(filled.read, COMPANIES, str(gone[0]), OCCASION) is not None
    facets = await rows.facet_counts(filled.read, COMPANIES, query_of(COMPANIES), OCCASION)
    assert facets["state"]["deleted"].number == len(gone)
    assert sum(count.number for count in facets["country"].values()) == NUMBER - len(gone)


async def test_a_company_sees_itself_and_its_users(filled: Database):
    ben = Access(1, "ben", "B", 9, frozenset())
    assert await ids(filled, COMPANIES, ben) == [9]
    assert await ids(filled, USERS, ben) == [9]
    assert await ids(filled, USERS, ben, company="000021") == []
    assert await ids(filled, AUDIT, ben) == []
    carla = Access(6, "carla", "C", None, frozenset())
    assert await ids(filled, COMPANIES, carla) == []
    assert await ids(filled, USERS, carla) == [6]


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ({"q": "RLA.0001"}, lambda row: "rla.0001" in row["name"]),
        ({"q": "an"}, lambda row: row["name"].startswith("an")),
        ({"q": "U21@Example.org"}, lambda row: row["id"] == 21),
        ({"q": "example.org"}, lambda row: False),
        ({"user_type": "B"}, lambda row: row["user_type"] == "B"),
        ({"created_at__from": str(START + 9), "created_at__to": str(START + 12)},
         lambda row: 9 <= row["id"] <= 12),
        ({"country": "IT"}, lambda row: row["country"] == "IT"),
        ({"company": "moon 0000"}, lambda row: row["company_id"] in range(1, 100, 4)),
        ({"company__exact": "MOON 000021"}, lambda row: row["company_id"] == 21),
        ({"state": "disabled"}, lambda row: row["state"] == "disabled"),
        ({"role": "l2"}, lambda row: "l2" in row["roles"].split()),
        ({"role": ["l1", "administrator"], "user_type": "A"},
         lambda row: row["id"] % 4 == 0 and row["roles"] != "read_only"),
        ({"last_sign_in_at__from": str(START + 990)},
         lambda row: (row["last_sign_in_at"] or 0) >= START + 990),
    ],
)  # fmt: skip
async def test_users_are_found_by_their_seven_dimensions(filled: Database, said, fits):
    kept = EVERY_USER if "state" in said else there(EVERY_USER)
    assert sorted(await ids(filled, USERS, **said)) == [row["id"] for row in kept if fits(row)]


async def test_users_who_never_signed_in_come_last(filled: Database):
    model = there(EVERY_USER)
    for sort in ("last_sign_in_at", "-last_sign_in_at"):
        found = await ids(filled, USERS, sort=sort)
        never = [row["id"] for row in model if row["last_sign_in_at"] is None]
        assert sorted(found) == [row["id"] for row in model]
        assert sorted(found[-len(never) :]) == never


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ({"actor": "Be"}, lambda row: row["user_name"] == "ben"),
        ({"actor__exact": "dora", "action": "lock"}, lambda row: row["id"] % 20 == 19),
        ({"area": "accounts", "object__exact": "3"}, lambda row: row["id"] % 150 == 3),
        ({"object": "4"}, lambda row: row["object_id"].startswith("4")),
        ({"at__from": str(START + 1_190)}, lambda row: row["id"] >= 2_380),
    ],
)
async def test_the_audit_is_searched(filled: Database, said, fits):
    wanted = [row["id"] for row in EVERY_ENTRY if fits(row)]
    assert wanted
    assert await ids(filled, AUDIT, **said) == wanted[::-1]


async def test_systems_are_found_by_their_company(filled: Database):
    async with filled.begin() as connection:
        for n in (5, 5, 9):
            await connection.execute(systems.insert().values(**_system(n)))
    assert len(await ids(filled, SYSTEMS, company="moon 000005")) == 2
    assert len(await ids(filled, SYSTEMS, company__exact="Moon 000009")) == 1
    assert await ids(filled, SYSTEMS, company="nobody's") == []


@pytest.mark.parametrize("listing", [COMPANIES, USERS, AUDIT], ids=lambda it: it.name)
async def test_no_order_scans_or_sorts_its_table(filled: Database, listing: Listing):
    for sort in listing.sorts:
        for down in (False, True):
            query = Query(sort.column, down)
            async with filled.read() as connection:
                asked = await terms.filtered(connection, listing, query, OCCASION)
            for where, order in stretches.stretches(listing, query, None, OCCASION):
                conditions = [*(term.condition for term in asked), *where]
                chosen = stretches.chosen(listing, conditions, order, 50)
                page = stretches.rows_query(listing, [listing.key], query, OCCASION).where(chosen)
                plan = await plan_of(filled, page)
                table = listing.tie.table.name
                assert not any("TEMP B-TREE" in step or "Sort" in step for step in plan), plan
                assert not any(f"Seq Scan on {table}" in step for step in plan), plan


NUMBERS = iter(range(1, 100))


def _system(company: int) -> dict[str, object]:
    blank = dict.fromkeys(("product_version", "name", "country", "timezone", "firmware"), "")
    number = next(NUMBERS)
    times = {"registered_at": START, "changed_at": START}
    return {**blank, **times, "sn": f"S{number}", "product_id": "x", "company_id": company}
