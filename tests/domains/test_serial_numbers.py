"""Serial numbers: made, imported, allocated, changed in bulk, revealed; on both databases."""

import time
from collections.abc import Mapping

import attrs
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM, Access, AccessError
from core.accounts.roles import grants_of
from core.audit import entries
from core.companies import companies
from core.companies.details import Details
from core.fleet import provisioning, serial_number_rows, serial_numbers, systems
from core.fleet.generating import Order, generate
from core.fleet.reports import Report
from core.fleet.serial_number_list import LISTING
from core.fleet.systems import Registration
from core.records import RequestError
from core.registry import Registry
from core.runtime.database import Database
from core.sealing import Seal
from tests.asking import counted, listed
from tests.devices import START

PRODUCT = "bench"
RULED = "BQ*"
SEAL = Seal("ab" * 32)


@pytest.fixture
def ruled(registry: Registry) -> Registry:
    """The bench's product model with rules for its serial numbers."""
    rules = (RULED, "BENCH?????")
    products = {k: attrs.evolve(p, sn_rules=rules) for k, p in registry.products.items()}
    return Registry.of(registry.plugins, products, ())


async def test_made_by_rule_and_counted_on(database: Database, ruled: Registry) -> None:
    first = await _generate(database, ruled, Order(PRODUCT, 3))
    assert first == ["BQ0000000000001", "BQ0000000000002", "BQ0000000000003"]
    assert await _generate(database, ruled, Order(PRODUCT, 1)) == ["BQ0000000000004"]
    other = Order(PRODUCT, 2, rule="BENCH?????", first=99_998)
    assert await _generate(database, ruled, other) == ["BENCH99998", "BENCH99999"]
    with pytest.raises(RequestError, match="would run to 100001"):
        await _generate(database, ruled, attrs.evolve(other, first=0))
    with pytest.raises(RequestError, match="taken"):
        await _generate(database, ruled, Order(PRODUCT, 2, first=4))
    async with database.read() as connection:
        assert await counted(connection, LISTING) == 6


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"product_id": "nothing"}, ["product_id"]),
        ({"rule": "ZZ*", "count": 0}, ["rule", "count"]),
        ({"category": "huge"}, ["category"]),
        ({"length": 7}, ["length"]),
        ({"length": 25}, ["length"]),
        ({"company_id": 77}, ["company_id"]),
    ],
)
async def test_orders_that_cannot_be(
    database: Database, ruled: Registry, wrong: Mapping[str, object], where: list[str]
) -> None:
    with pytest.raises(RequestError) as refused:
        await _generate(database, ruled, attrs.evolve(Order(PRODUCT, 1), **wrong))
    assert [problem.where for problem in refused.value.problems] == where


async def test_states_follow_systems_and_are_changed_for_all_or_none(
    database: Database, ruled: Registry
) -> None:
    one, two, three = await _generate(database, ruled, Order(PRODUCT, 3))
    async with database.begin() as connection:
        await systems.register(connection, ruled, Registration(one, PRODUCT), START)

        async def change(*sns: str, what: serial_numbers.Change = "activate") -> int:
            return await serial_numbers.change_state(
                connection, PLATFORM, sns, what, reason="stock", now=START
            )

        assert await _states(connection) == ["activated", "unactivated", "unactivated"]
        with pytest.raises(RequestError, match=f"{one} is activated"):
            await change(one, two)
        with pytest.raises(RequestError, match="there is no 'BQ9'"):
            await change("BQ9", two)
        assert await _states(connection) == ["activated", "unactivated", "unactivated"]
        assert await change(two, three) == 2
        assert await change(three, what="deactivate") == 1
        assert await _states(connection) == ["activated", "activated", "unactivated"]
        with pytest.raises(RequestError, match="is that of a system"):
            await serial_numbers.remove(connection, PLATFORM, [one, two], reason="", now=START)
        assert await serial_numbers.remove(connection, PLATFORM, [two], reason="", now=START) == 1


async def test_a_company_has_its_own_and_systems_go_with_them(
    database: Database, ruled: Registry
) -> None:
    one, two, _ = await _generate(database, ruled, Order(PRODUCT, 3))
    async with database.begin() as connection:
        sun = await companies.create(connection, PLATFORM, Details("Sun", "installer"), now=START)
        await serial_numbers.allocate(connection, PLATFORM, [one, two], sun.id, now=START)
        await systems.register(connection, ruled, Registration(one, PRODUCT), START)
        found = await systems.by_sn(connection, one)
        assert found
        assert found.company_id == sun.id
        ben = Access(5, "ben", "B", sun.id, grants_of("B", ["administrator"]))
        assert [row["sn"] for row in await listed(connection, LISTING, ben)] == [one, two]
        carl = Access(6, "carl", "C", None, ben.grants)
        assert await counted(connection, LISTING, carl) == 0
        with pytest.raises(AccessError, match="serial_numbers:edit"):
            await serial_numbers.allocate(connection, ben, [one], None, now=START)
        await serial_numbers.allocate(connection, PLATFORM, [one], None, now=START)
        moved = await systems.by_sn(connection, one)
        assert moved
        assert moved.company_id is None


async def test_an_import_is_tried_first_and_all_or_nothing(
    database: Database, ruled: Registry
) -> None:
    (taken,) = await _generate(database, ruled, Order(PRODUCT, 1))
    good = [{"sn": "al2002021070001", "category": "", "company": ""}, {"sn": "AL2002021070002"}]
    wrong = [
        {"sn": taken}, {"sn": "AL2002021070002"}, {"sn": "x"}, {"sn": "AL2002021070003", "": "?"},
        {"sn": "AL2002021070004", "category": "large", "company": "Moon"},
    ]  # fmt: skip
    async with database.begin() as connection:
        report = await _import(connection, [*good, *wrong], dry=False)
        assert (report.rows, report.good, report.wrong) == (7, 2, 5)
        assert {p.where for p in report.problems} == {f"row {n}" for n in range(4, 9)}
        assert (await _import(connection, good, dry=True)).wrong == 0
        assert await counted(connection, LISTING) == 1
        assert (await _import(connection, good, dry=False)).good == 2
        kept = [row["sn"] for row in await listed(connection, LISTING, q="al20020210")]
        assert kept == ["AL2002021070001", "AL2002021070002"]


@pytest.mark.parametrize("row", [{"sn": "no"}, {"sn": "AL2002021070001"}])
async def test_a_hundred_thousand_wrong_rows_are_answered_with_a_count(
    database: Database, row: dict[str, str]
) -> None:
    began = time.process_time()
    async with database.begin() as connection:
        report = await _import(connection, [row] * 100_000, dry=False)
    assert time.process_time() - began < 10
    assert report.wrong >= 99_999
    assert len(report.problems) == 100


async def test_a_check_code_is_shown_to_few_and_each_time_recorded(
    database: Database, ruled: Registry
) -> None:
    (bare,) = await _generate(database, ruled, Order(PRODUCT, 1))
    lea = Access(4, "lea", "A", None, grants_of("A", ["l2"]))
    tom = Access(5, "tom", "A", None, grants_of("A", ["l1"]))
    async with database.begin() as connection:
        order = Order(PRODUCT, 1)
        (sn,) = await generate(connection, ruled, PLATFORM, order, seal=SEAL, now=START)
        assert await serial_numbers.reveal(connection, PLATFORM, bare, SEAL, now=START) is None
        shown = await serial_numbers.reveal(connection, lea, sn, SEAL, now=START)
        assert len(shown or "") == provisioning.LENGTH
        with pytest.raises(AccessError, match="serial_numbers:reveal"):
            await serial_numbers.reveal(connection, tom, sn, SEAL, now=START)
        said = await entries.page(connection, PLATFORM, entries.Wanted(action="reveal"))
    assert [(e.user_name, e.object_id, dict(e.new)) for e in said] == [
        ("lea", sn, {}), ("platform", bare, {}),
    ]  # fmt: skip


async def _generate(database: Database, registry: Registry, order: Order) -> list[str]:
    async with database.begin() as connection:
        return await generate(connection, registry, PLATFORM, order, now=START)


async def _import(connection: AsyncConnection, rows: list[dict[str, str]], *, dry: bool) -> Report:
    return await serial_number_rows.take_in(connection, PLATFORM, rows, dry=dry, now=START)


async def _states(connection: AsyncConnection) -> list[str]:
    return [row["state"] for row in await listed(connection, LISTING)]
