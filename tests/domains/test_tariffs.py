"""Tariff plans: rules, no day with two of them, two edits at once, scope, and the audit."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM, Access, AccessError
from core.accounts.roles import grants_of
from core.audit import entries
from core.fleet import end_users, installations, sites
from core.fleet.end_users import Contact
from core.fleet.sites import Place, Site
from core.records import ConflictError, RequestError
from core.runtime.database import Database
from core.tariffs import plans
from core.tariffs.plans import Plan, in_force
from core.tariffs.tables import tariff_plans
from core.tariffs.tariff import Rate, Tariff, currencies, fixed, problems_of
from tests.homes import START, build, time_of_use

CENT = Decimal("0.0001")
FLAT = fixed("Flat", "EUR", Rate(Decimal("0.3"), Decimal("0.08")), date(2027, 1, 1))
SN = "TARIFF000001"
BEN = Access(5, "ben", "B", 77, grants_of("B", ["administrator"]))


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"name": " "}, ["name"]),
        ({"name": "x" * 65}, ["name"]),
        ({"currency": "EURO"}, ["currency"]),
        ({"currency": "DEM"}, ["currency"]),
        ({"valid_until": date(2026, 12, 31)}, ["valid_until"]),
        ({"bands": {"all_day": Rate(Decimal("NaN"), CENT)}}, ["bands.all_day.buy"]),
        ({"bands": {"all_day": Rate(CENT, Decimal(-1))}}, ["bands.all_day.feed_in"]),
        ({"bands": {"all_day": Rate(CENT / 10, Decimal(0))}}, ["bands.all_day.buy"]),
        ({"bands": {"all_day": Rate(1_000_000 + CENT, CENT)}}, ["bands.all_day.buy"]),
        ({"bands": {"all_day": Rate(CENT, CENT), "Peak": Rate(CENT, CENT)}}, ["bands.Peak"]),
        ({"bands": {}}, ["bands", "weekday 00:00–24:00", "weekend 00:00–24:00"]),
        ({"weekday": ("all_day",) * 47}, ["weekday"]),
        ({"weekday": ("all_day",) * 13 + ("",) * 3 + ("all_day",) * 32}, ["weekday 06:30–08:00"]),
        ({"weekend": ("all_day",) * 47 + ("night",)}, ["weekend 23:30–24:00"]),
        ({"name": "", "currency": "", "weekday": ()}, ["name", "currency", "weekday"]),
    ],
)
def test_everything_that_is_wrong_is_said_at_once(wrong: dict[str, Any], where: list[str]) -> None:
    found = list(problems_of(attrs.evolve(FLAT, **wrong)))
    assert [problem.where for problem in found] == where
    assert all(problem.what and problem.hint for problem in found)


def test_currencies_are_those_that_are_money() -> None:
    assert {"EUR", "AUD", "CHF", "GBP", "JPY", "HRK", "BGN"} <= currencies()
    assert currencies().isdisjoint({"DEM", "XXX", "XAU", "eur", ""})


async def test_a_plan_is_kept_as_it_was_said(database: Database) -> None:
    async with database.begin() as connection:
        house = await _site(connection)
        said = time_of_use(date(2027, 1, 1), date(2027, 12, 31))
        made = await _create(connection, house, said)
        assert (made.tariff, made.version, made.site_id) == (said, 1, house.id)
        assert await plans.by_id(connection, PLATFORM, made.id) == made
        flat = await _create(connection, house, attrs.evolve(FLAT, valid_from=date(2028, 1, 1)))
        assert await plans.of_site(connection, PLATFORM, house.id) == [made, flat]
        assert flat.tariff.is_fixed
        assert not made.tariff.is_fixed
        kept = [made, flat]
        assert in_force(kept, date(2026, 12, 31)) is None
        assert in_force(kept, date(2027, 12, 31)) == made
        assert in_force(kept, date(2099, 1, 1)) == flat


async def test_who_changed_what_and_why_is_in_the_audit(database: Database) -> None:
    async with database.begin() as connection:
        house = await _site(connection)
        made = await _create(connection, house, FLAT)
        dearer = attrs.evolve(FLAT, bands={"all_day": Rate(Decimal("0.33"), Decimal("0.08"))})
        await plans.edit(
            connection, PLATFORM, made.id, dearer, version=1, reason="letter", now=START
        )
        await plans.remove(connection, PLATFORM, made.id, version=2, reason="moved out", now=START)
        assert await plans.of_site(connection, PLATFORM, house.id) == []
        wanted = entries.Wanted(area="tariffs", object_id=str(made.id))
        gone, edited, created = await entries.page(connection, PLATFORM, wanted)
    assert [e.action for e in (created, edited, gone)] == ["create", "edit", "delete"]
    assert (edited.reason, gone.reason) == ("letter", "moved out")
    assert edited.old == {"bands": {"all_day": {"buy": "0.3000", "feed_in": "0.0800"}}}
    assert edited.new == {"bands": {"all_day": {"buy": "0.3300", "feed_in": "0.0800"}}}
    assert created.new["site_id"] == gone.old["site_id"] == house.id


async def test_two_edits_at_once_do_not_overwrite_each_other(database: Database) -> None:
    async with database.begin() as connection:
        made = await _create(connection, await _site(connection), FLAT)
        mine = attrs.evolve(FLAT, name="Mine")
        await plans.edit(connection, PLATFORM, made.id, mine, version=1, now=START)
        with pytest.raises(ConflictError) as conflict:
            await plans.edit(connection, PLATFORM, made.id, FLAT, version=1, now=START)
        with pytest.raises(ConflictError):
            await plans.remove(connection, PLATFORM, made.id, version=1, reason="", now=START)
    assert isinstance(conflict.value.current, Plan)
    assert (conflict.value.current.tariff, conflict.value.current.version) == (mine, 2)


SPANS = st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9)).map(
    lambda pair: (pair[0], pair[1] if pair[1] is None else max(pair))
)


@given(SPANS, SPANS)
def test_plans_meet_where_they_share_a_day(one: Any, other: Any) -> None:
    first, second = _of(one), _of(other)
    horizon = [date(2027, 1, 1) + timedelta(n) for n in range(12)]
    shared = any(first.holds_on(each) and second.holds_on(each) for each in horizon)
    assert plans.meet(first, second) == plans.meet(second, first) == shared


async def test_no_day_has_two_plans(database: Database) -> None:
    async with database.begin() as connection:
        house = await _site(connection)
        old = await _create(connection, house, attrs.evolve(FLAT, valid_until=date(2027, 6, 30)))
        new = await _create(connection, house, attrs.evolve(FLAT, valid_from=date(2027, 7, 1)))
        middle = attrs.evolve(FLAT, valid_from=date(2027, 6, 30), valid_until=date(2027, 7, 1))
        with pytest.raises(RequestError) as refused:
            await _create(connection, house, middle)
        assert [problem.where for problem in refused.value.problems] == ["valid_from"] * 2
        longer = attrs.evolve(FLAT, valid_until=date(2027, 7, 1))
        with pytest.raises(RequestError, match="holds from 2027-07-01 until further notice"):
            await plans.edit(connection, PLATFORM, old.id, longer, version=1, now=START)
        later = attrs.evolve(FLAT, valid_from=date(2027, 7, 2))
        await plans.edit(connection, PLATFORM, new.id, later, version=1, now=START)
        await plans.edit(connection, PLATFORM, old.id, longer, version=1, now=START)
        barn = await _site(connection, "Barn")
        await _create(connection, barn, FLAT)


async def test_of_two_plans_at_once_for_one_day_one_is_refused(database: Database) -> None:
    async with database.begin() as connection:
        house = await _site(connection)

    async def add(name: str) -> str:
        try:
            async with database.begin() as connection:
                begins = FLAT.valid_from + timedelta(len(name))
                given = attrs.evolve(FLAT, name=name, valid_from=begins)
                await _create(connection, house, given)
        except RequestError as error:
            return str(error)
        return ""

    names = ("first", "second", "last one")
    refused = [said for said in await asyncio.gather(*map(add, names)) if said]
    assert len(refused) == 2
    assert all("until further notice" in said for said in refused)
    async with database.read() as connection:
        assert len(await plans.of_site(connection, PLATFORM, house.id)) == 1


async def test_somebody_of_a_company_sees_the_plans_of_its_sites(database: Database) -> None:
    async with database.begin() as connection:
        house = await _site(connection)
        foreign = await _create(connection, house, FLAT)
        assert await plans.by_id(connection, BEN, foreign.id) is None
        with pytest.raises(RequestError, match="there is no site"):
            await plans.of_site(connection, BEN, house.id)
        with pytest.raises(RequestError, match="there is no site"):
            await plans.create(connection, BEN, house.id, FLAT, now=START)
        with pytest.raises(RequestError, match="there is no tariff plan"):
            await plans.edit(connection, BEN, foreign.id, FLAT, version=1, now=START)
        mia = await end_users.create(connection, BEN, Contact("mia"), now=START)
        own = await sites.create(connection, BEN, mia.id, Place("Flat"), now=START)
        made = await plans.create(connection, BEN, own.id, FLAT, now=START)
        assert await plans.by_id(connection, BEN, made.id) == made


async def test_each_act_needs_its_permission(database: Database) -> None:
    reader = Access(6, "rea", "A", None, frozenset({"tariffs:read"}))
    async with database.begin() as connection:
        house = await _site(connection)
        made = await _create(connection, house, FLAT)
        assert await plans.of_site(connection, reader, house.id) == [made]
        with pytest.raises(AccessError, match="tariffs:create"):
            await plans.create(connection, reader, house.id, FLAT, now=START)
        with pytest.raises(AccessError, match="tariffs:edit"):
            await plans.edit(connection, reader, made.id, FLAT, version=1, now=START)
        with pytest.raises(AccessError, match="tariffs:delete"):
            await plans.remove(connection, reader, made.id, version=1, reason="", now=START)
        with pytest.raises(AccessError, match="tariffs:read"):
            await plans.by_id(connection, attrs.evolve(reader, grants=frozenset()), made.id)


async def test_plans_go_with_their_site(database: Database) -> None:
    async with database.begin() as connection:
        record, house = await build(connection, SN, "Europe/Berlin")
        made = await _create(connection, house, FLAT)
        assert await plans.of_system(connection, record.id) == [made]
        await installations.remove(connection, PLATFORM, SN, version=1, reason="", now=START)
        assert await plans.of_system(connection, record.id) == []
        await sites.remove(connection, PLATFORM, house.id, reason="sold", now=START)
        count = select(func.count()).select_from(tariff_plans)
        assert await connection.scalar(count) == 0


def _of(span: tuple[int, int | None]) -> Tariff:
    begin = date(2027, 1, 1)
    until = None if span[1] is None else begin + timedelta(span[1])
    return attrs.evolve(FLAT, valid_from=begin + timedelta(span[0]), valid_until=until)


async def _site(connection: AsyncConnection, name: str = "House") -> Site:
    eva = await end_users.create(connection, PLATFORM, Contact("Eva"), now=START)
    return await sites.create(connection, PLATFORM, eva.id, Place(name), now=START)


async def _create(connection: AsyncConnection, site: Site, tariff: Tariff) -> Plan:
    return await plans.create(connection, PLATFORM, site.id, tariff, now=START)
