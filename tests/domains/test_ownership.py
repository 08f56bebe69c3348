"""End users, sites and installations: rules, scope, two edits at once, and the list of systems."""

from datetime import date
from typing import Any

import attrs
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM, Access, AccessError
from core.accounts import states, users
from core.accounts.roles import grants_of
from core.accounts.users import NewUser
from core.audit import entries
from core.fleet import end_users, installations, listing, scope, serial_numbers, sites, systems
from core.fleet.end_users import Contact, EndUser
from core.fleet.installation_terms import Terms
from core.fleet.installations import Ownership
from core.fleet.listed import LISTING
from core.fleet.sites import Place, Site
from core.fleet.systems import Registration
from core.records import ConflictError, RequestError, insert_new
from core.registry import Registry
from core.runtime.database import Database
from tests.asking import listed
from tests.devices import START

SN, OTHER = "BENCH0000001", "BENCH0000002"
HOUSE = Place("Seestr. 1", "Seestr. 1", "8002", "Zürich", "ZH", "CH", "Europe/Zurich", 47.36, 8.53)
TERMS = Terms(date(2026, 3, 1), "Sun", "Ben", "L-1", "dc", "VDE-AR-N 4105", 9.5)
BEN = Access(5, "ben", "B", 77, grants_of("B", ["administrator"]))


async def test_a_system_is_installed_moved_handed_over_and_freed(
    database: Database, registry: Registry
) -> None:
    async with database.begin() as connection:
        eva, house = await _fleet(connection, registry)
        made = await _install(connection, SN, Ownership(eva.id, house.id), TERMS)
        assert (made.terms, made.version) == (TERMS, 1)
        assert await _state(connection, SN) == "bound"
        with pytest.raises(RequestError, match="is installed already"):
            await _install(connection, SN, Ownership(eva.id, house.id))
        barn = await _site(connection, eva, attrs.evolve(HOUSE, name="Barn"))
        moved = await _on(installations.move, connection, SN, barn.id, version=1, reason="built")
        assert (moved.site_id, moved.version) == (barn.id, 2)
        tom = await _end_user(connection, Contact("Tom"))
        owner = Ownership(tom.id, barn.id)
        with pytest.raises(RequestError, match="is somebody else's"):
            await _on(installations.hand_over, connection, SN, owner, version=2, reason="sold")
        flat = await _site(connection, tom, HOUSE)
        owner = Ownership(tom.id, flat.id)
        await _on(installations.hand_over, connection, SN, owner, version=2, reason="sold")
        with pytest.raises(RequestError, match="has 1 systems"):
            await _on(sites.remove, connection, flat.id, reason="")
        with pytest.raises(ConflictError):
            await _on(installations.remove, connection, SN, version=2, reason="moved out")
        await _on(installations.remove, connection, SN, version=3, reason="moved out")
        assert await _state(connection, SN) == "activated"
        await _on(sites.remove, connection, flat.id, reason="sold")
        wanted = entries.Wanted(area="installations", object_id=SN)
        said = [e.action for e in await entries.page(connection, PLATFORM, wanted)]
        assert said == ["delete", "hand_over", "move", "create"]


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"install_mode": "wind"}, "install_mode"),
        ({"licence": ""}, "licence"),
        ({"pv_at_storage": 55.1}, "pv_at_storage"),
        ({"pv_at_inverter": float("nan")}, "pv_at_inverter"),
        ({"installer": "x" * 129}, "installer"),
        ({"end_user_remark": "x" * 2_001}, "end_user_remark"),
    ],
)
async def test_terms(
    database: Database, registry: Registry, wrong: dict[str, Any], where: str
) -> None:
    async with database.begin() as connection:
        eva, house = await _fleet(connection, registry)
        terms = attrs.evolve(TERMS, **wrong)
        with pytest.raises(RequestError) as refused:
            await _install(connection, SN, Ownership(eva.id, house.id), terms)
        assert [problem.where for problem in refused.value.problems] == [where]


async def test_site_names_are_their_owners_own(database: Database, registry: Registry) -> None:
    async with database.begin() as connection:
        eva, house = await _fleet(connection, registry)
        with pytest.raises(RequestError, match="is a site of this end user already"):
            await _site(connection, eva, attrs.evolve(HOUSE, name="SEESTR. 1"))
        barn = await _site(connection, eva, attrs.evolve(HOUSE, name="Barn"))
        with pytest.raises(RequestError, match="is a site of this end user already"):
            await _on(sites.edit, connection, barn.id, HOUSE, version=1)
        placed = attrs.evolve(HOUSE, city="Thalwil")
        await _on(sites.edit, connection, house.id, placed, version=1)
        with pytest.raises(ConflictError) as conflict:
            await _on(sites.edit, connection, house.id, HOUSE, version=1)
        assert isinstance(conflict.value.current, Site)
        assert conflict.value.current.place.city == "Thalwil"
        for bad in ({"latitude": 91.0}, {"latitude": None}, {"timezone": "Mars"}, {"name": " "}):
            with pytest.raises(RequestError):
                await _site(connection, eva, attrs.evolve(HOUSE, **{"name": "New", **bad}))
        names = [site.place.name for site in await sites.page(connection, PLATFORM, search="se")]
        assert names == ["Seestr. 1"]


async def test_residential_and_micro_do_not_share_a_site(
    database: Database, registry: Registry
) -> None:
    async with database.begin() as connection:
        eva, house = await _fleet(connection, registry, second="micro")
        await _install(connection, SN, Ownership(eva.id, house.id))
        with pytest.raises(RequestError, match="another category"):
            await _install(connection, OTHER, Ownership(eva.id, house.id))


async def test_nothing_is_installed_for_a_locked_account(
    database: Database, registry: Registry
) -> None:
    given = NewUser("eva", "correct horse battery", "C")
    account = await users.create(database.begin, PLATFORM, given, START)
    async with database.begin() as connection:
        _, _ = await _fleet(connection, registry)
        eva = await end_users.create(
            connection, PLATFORM, Contact("eva"), user_id=account.id, now=START
        )
        house = await _site(connection, eva, HOUSE)
        with pytest.raises(RequestError, match="account of their own"):
            await _on(end_users.edit, connection, eva.id, Contact("eve"), version=1)
        await _install(connection, SN, Ownership(eva.id, house.id))
        assert await scope.by_sn(connection, account.access, SN)
        assert await scope.by_sn(connection, account.access, OTHER) is None
        await states.change_state(connection, PLATFORM, account.id, "lock", reason="", now=START)
        with pytest.raises(RequestError, match="account that is locked"):
            await _install(connection, OTHER, Ownership(eva.id, house.id))


async def test_a_company_touches_nothing_of_others(database: Database, registry: Registry) -> None:
    async with database.begin() as connection:
        eva, house = await _fleet(connection, registry)
        mine = await end_users.create(connection, BEN, Contact("mia"), now=START)
        assert mine.company_id == BEN.company_id
        assert [u.id for u in await end_users.page(connection, BEN)] == [mine.id]
        assert await sites.page(connection, BEN) == []
        assert await sites.by_id(connection, BEN, house.id) is None
        with pytest.raises(RequestError, match="there is no end user"):
            await sites.create(connection, BEN, eva.id, HOUSE, now=START)
        with pytest.raises(RequestError, match="there is no site"):
            await sites.edit(connection, BEN, house.id, HOUSE, version=1, now=START)
        own = await sites.create(connection, BEN, mine.id, HOUSE, now=START)
        with pytest.raises(RequestError, match="there is no system"):
            await installations.create(
                connection, BEN, SN, Ownership(mine.id, own.id), TERMS, now=START
            )
        carl = Access(6, "carl", "C", None, grants_of("C", ["administrator"]))
        with pytest.raises(AccessError, match="installations:create"):
            await installations.create(
                connection, carl, SN, Ownership(mine.id, own.id), TERMS, now=START
            )


async def test_the_list_joins_what_it_shows(database: Database, registry: Registry) -> None:
    async with database.begin() as connection:
        eva, house = await _fleet(connection, registry)
        terms = attrs.evolve(TERMS, installer_remark="key under the 50% mat")
        await _install(connection, SN, Ownership(eva.id, house.id), terms)

        async def sns(access: Access = PLATFORM, **said: str) -> list[str]:
            return [row["sn"] for row in await listed(connection, LISTING, access, **said)]

        ids = [row["id"] for row in await listed(connection, LISTING)]
        row, bare = (await listing.by_ids(connection, PLATFORM, ids)).values()
        assert (row.site_name, row.end_user, row.country, row.post_code, row.installer) == (
            "Seestr. 1", "eva", "CH", "8002", "Sun",
        )  # fmt: skip
        assert (row.installed_on, row.end_user_state) == (date(2026, 3, 1), "none")
        assert (bare.sn, bare.site_name, bare.country) == (OTHER, "", "DE")
        for said in (
            {"site": "seestr"}, {"end_user": "EV"}, {"post_code": "80"}, {"install_mode": "dc"},
            {"installer": "Sun"}, {"licence": "L-1"}, {"q": SN},
        ):  # fmt: skip
            assert await sns(**said) == [SN], said
        assert await sns(site="%") == []
        assert await sns(BEN) == []


async def _fleet(
    connection: AsyncConnection, registry: Registry, second: str = "residential"
) -> tuple[EndUser, Site]:
    """Two systems whose serial numbers were given out, and an end user with a house."""
    columns = ("sn", "category", "state", "created_at", "version")
    rows = [(SN, "residential", "unactivated", 0, 1), (OTHER, second, "unactivated", 0, 1)]
    await insert_new(connection, serial_numbers.serial_numbers, columns, rows)
    for sn in (SN, OTHER):
        given = Registration(sn, "bench", country="DE")
        await systems.register(connection, registry, given, START)
    eva = await _end_user(connection, Contact("Eva"))
    return eva, await _site(connection, eva, HOUSE)


async def _end_user(connection: AsyncConnection, contact: Contact) -> EndUser:
    return await end_users.create(connection, PLATFORM, contact, now=START)


async def _site(connection: AsyncConnection, owner: EndUser, place: Place) -> Site:
    return await sites.create(connection, PLATFORM, owner.id, place, now=START)


async def _install(
    connection: AsyncConnection, sn: str, owner: Ownership, terms: Terms = TERMS
) -> installations.Installation:
    return await installations.create(connection, PLATFORM, sn, owner, terms, now=START)


async def _on(act: Any, connection: AsyncConnection, *given: Any, **said: Any) -> Any:
    return await act(connection, PLATFORM, *given, **said, now=START)


async def _state(connection: AsyncConnection, sn: str) -> str:
    found = await serial_numbers.by_sn(connection, PLATFORM, sn)
    assert found
    return found.state
