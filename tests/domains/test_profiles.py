"""Profiles of users, what they did, and the members of companies."""

from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM, Access, AccessError
from core.accounts import profiles, sign_in, states, users
from core.accounts.profiles import Profile
from core.accounts.roles import grants_of
from core.accounts.users import NewUser, User
from core.companies import companies, members
from core.companies.companies import Company
from core.companies.details import Details
from core.companies.members import Figures
from core.fleet import systems
from core.fleet.systems import Registration
from core.records import ConflictError, RequestError
from core.registry import Registry
from core.runtime.database import Database
from tests.devices import SN, START

PASSWORD = "correct horse battery staple"
MIA = Profile("Mia@Example.org", "+41 44", "Mia", "Muster", "CH", "en", "Europe/Zurich")


async def test_a_profile_is_changed_at_the_version_that_was_seen(database: Database) -> None:
    mia, tom = await _user(database, NewUser("mia", PASSWORD)), await _user(database, _named("tom"))
    async with database.begin() as connection:
        changed = await profiles.edit(connection, mia.access, mia.id, MIA, version=1, now=START + 1)
        assert (changed.mail, changed.timezone, changed.version) == (
            "mia@example.org", "Europe/Zurich", 2,
        )  # fmt: skip
        with pytest.raises(ConflictError) as conflict:
            await profiles.edit(connection, PLATFORM, mia.id, Profile(), version=1, now=START)
        assert conflict.value.current == changed
        with pytest.raises(RequestError, match="is that of somebody else"):
            await profiles.edit(connection, PLATFORM, tom.id, MIA, version=1, now=START)
        with pytest.raises(AccessError, match="users:edit"):
            await profiles.edit(connection, tom.access, mia.id, Profile(), version=2, now=START)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"mail": "no"}, "mail"),
        ({"country": "Swiss"}, "country"),
        ({"language": "tlh"}, "language"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"phone": "1" * 33}, "phone"),
    ],
)
async def test_what_a_profile_may_say(
    database: Database, wrong: dict[str, Any], where: str
) -> None:
    tom = await _user(database, _named("tom"))
    async with database.begin() as connection:
        with pytest.raises(RequestError) as refused:
            await profiles.edit(
                connection, tom.access, tom.id, Profile(**wrong), version=1, now=START
            )
    assert [problem.where for problem in refused.value.problems] == [where]


async def test_the_mail_of_the_higher_is_out_of_reach(database: Database) -> None:
    ann = await _user(database, NewUser("ann", PASSWORD, roles=("administrator",)))
    lea = Access(9_999, "lea", "A", None, grants_of("A", ["l2"]) | {"users:edit"})
    async with database.begin() as connection:
        with pytest.raises(RequestError, match="may do more than you"):
            await profiles.edit(connection, lea, ann.id, MIA, version=1, now=START)


async def test_sign_ins_are_shown_to_whoever_may_see_the_user(database: Database) -> None:
    async with database.begin() as connection:
        sun, moon = await _company(connection, "Sun"), await _company(connection, "Moon")
    ben = await _user(database, NewUser("ben", PASSWORD, "B", ("administrator",), sun.id))
    eve = await _user(database, NewUser("eve", PASSWORD, "B", ("administrator",), moon.id))
    with pytest.raises(sign_in.SignInError):
        await sign_in.sign_in(database.begin, "ben", "wrong", "192.0.2.7", START)
    async with database.begin() as connection:
        await sign_in.enter(connection, ben, "192.0.2.8", START, "Firefox")
        said = await profiles.sign_ins(connection, ben.access, ben.id)
        assert [(e.action, e.address) for e in said] == [
            ("sign_in", "192.0.2.8"), ("sign_in_failed", "192.0.2.7"),
        ]  # fmt: skip
        assert await profiles.sign_ins(connection, PLATFORM, ben.id) == said
        with pytest.raises(RequestError, match="there is no user"):
            await profiles.sign_ins(connection, eve.access, ben.id)
        assert await profiles.signed_in_since(connection, PLATFORM, [START, START + 10**9]) == [
            1,
            0,
        ]
        assert await profiles.signed_in_since(connection, eve.access, [START]) == [0]


async def test_a_company_has_figures_and_keeps_its_primary_account(
    database: Database, registry: Registry
) -> None:
    async with database.begin() as connection:
        sun = await _company(connection, "Sun")
        await systems.register(connection, registry, Registration(SN, "bench"), START)
        await connection.execute(update(systems.systems).values(company_id=sun.id))
    ben = await _user(database, NewUser("ben", PASSWORD, "B", ("administrator",), sun.id))
    tom = await _user(database, NewUser("tom", PASSWORD, "B", ("l1",), sun.id))
    async with database.begin() as connection:
        found = await members.figures(connection, PLATFORM, [sun.id, 999])
        assert found == {sun.id: Figures(2, 1), 999: Figures()}
        assert await members.figures(connection, tom.access, [sun.id, 999]) == {
            sun.id: found[sun.id]
        }

        async def primary(user: User, version: int) -> Company:
            return await members.set_primary(
                connection, PLATFORM, sun.id, user.id, version=version, now=START
            )

        with pytest.raises(RequestError, match="no active administrator"):
            await primary(tom, sun.version)
        led = await primary(ben, sun.version)
        assert led.primary_user_id == ben.id
        with pytest.raises(ConflictError):
            await primary(ben, sun.version)
        for change in ("disable", "delete"):
            with pytest.raises(RequestError, match="is the primary account of Sun"):
                await states.change_state(
                    connection, PLATFORM, ben.id, change, reason="", now=START
                )
        with pytest.raises(RequestError, match="is the primary account of Sun"):
            await states.set_roles(
                connection, PLATFORM, ben.id, ["l1"], version=1, reason="", now=START
            )


def _named(name: str) -> NewUser:
    return NewUser(name, PASSWORD)


async def _user(database: Database, given: NewUser) -> User:
    return await users.create(database.begin, PLATFORM, given, START)


async def _company(connection: AsyncConnection, name: str) -> Company:
    made = await companies.create(connection, PLATFORM, Details(name, "installer"), now=START)
    return await companies.change_state(
        connection, PLATFORM, made.id, "approve", version=1, reason="", now=START
    )
