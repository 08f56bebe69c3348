"""Companies: rules, states, scope, two edits at once."""

import attrs
import pytest

from core.access import PLATFORM, Access, AccessError
from core.accounts.roles import grants_of
from core.audit import entries
from core.companies import companies
from core.companies.companies import Company
from core.companies.details import Details
from core.records import ConflictError, RequestError
from core.runtime.database import Database
from tests.devices import START

SUN = Details("Sun & Söhne", "installer", "DE", "Office@Sun.example")


async def test_a_company_is_pending_until_approved(database: Database) -> None:
    sun = await _create(database, SUN)
    assert (sun.state, sun.details.mail) == ("pending", "office@sun.example")
    with pytest.raises(RequestError, match="is pending, and so cannot be changed by disable"):
        await _change(database, sun, "disable")
    sun = await _change(database, sun, "approve")
    sun = await _change(database, sun, "disable")
    assert (await _change(database, sun, "enable")).state == "enabled"
    async with database.read() as connection:
        said = await entries.page(connection, PLATFORM, entries.Wanted(area="companies"))
    assert [e.action for e in said] == ["enable", "disable", "approve", "create"]


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"name": " "}, "name"),
        ({"category": "bank"}, "category"),
        ({"country": "Germany"}, "country"),
        ({"mail": "sun"}, "mail"),
        ({"category": "reseller", "licence": "L1"}, "licence"),
        ({"country": "AU", "tax_number": "51824753557"}, "tax_number"),
        ({"tax_number": "short"}, "tax_number"),
        ({"city": "x" * 65}, "city"),
    ],
)
async def test_rules(database: Database, wrong: dict[str, str], where: str) -> None:
    with pytest.raises(RequestError) as refused:
        await _create(database, attrs.evolve(SUN, **wrong))
    assert [problem.where for problem in refused.value.problems] == [where]


async def test_an_abn_is_checked_by_its_digits(database: Database) -> None:
    given = attrs.evolve(SUN, country="AU", tax_number="51 824 753 556")
    assert (await _create(database, given)).details.tax_number == "51 824 753 556"


async def test_names_are_taken_in_whatever_case(database: Database) -> None:
    await _create(database, SUN)
    with pytest.raises(RequestError, match="is taken"):
        await _create(database, attrs.evolve(SUN, name="SUN & SÖHNE"))


async def test_two_edits_at_once_do_not_overwrite_each_other(database: Database) -> None:
    sun = await _create(database, SUN)
    async with database.begin() as connection:
        moved = attrs.evolve(SUN, city="Graz")
        await companies.edit(connection, PLATFORM, sun.id, moved, version=1, now=START)
        with pytest.raises(ConflictError) as conflict:
            await companies.edit(connection, PLATFORM, sun.id, SUN, version=1, now=START)
    assert isinstance(conflict.value.current, Company)
    assert conflict.value.current.details.city == "Graz"


async def test_a_company_sees_itself_alone(database: Database) -> None:
    sun, moon = await _create(database, SUN), await _create(database, Details("Moon", "installer"))
    ben = Access(5, "ben", "B", sun.id, grants_of("B", ["administrator"]))
    async with database.begin() as connection:
        assert await companies.by_id(connection, ben, moon.id) is None
        assert await companies.by_name(connection, ben, "Moon") is None
        assert await companies.by_name(connection, ben, " SUN & söhne") == sun
        assert await companies.by_state(connection, ben) == {"pending": 1}
        assert await companies.by_state(connection, PLATFORM) == {"pending": 2}
        with pytest.raises(RequestError, match="there is no company"):
            await companies.edit(connection, ben, moon.id, SUN, version=1, now=START)
        licensed = attrs.evolve(SUN, licence="L1")
        with pytest.raises(RequestError, match="not yours to change"):
            await companies.edit(connection, ben, sun.id, licensed, version=1, now=START)
        with pytest.raises(AccessError, match="companies:lock"):
            await companies.change_state(
                connection, ben, sun.id, "disable", version=1, reason="", now=START
            )


async def _create(database: Database, details: Details) -> Company:
    async with database.begin() as connection:
        return await companies.create(connection, PLATFORM, details, now=START)


async def _change(database: Database, company: Company, change: companies.Change) -> Company:
    async with database.begin() as connection:
        return await companies.change_state(
            connection, PLATFORM, company.id, change,
            version=company.version, reason="test", now=START,
        )  # fmt: skip
