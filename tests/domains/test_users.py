"""The list of users, their states and roles, and who may change them."""

import pytest

from core.access import PLATFORM, Access, AccessError
from core.accounts import directory, profiles, sessions, states, users
from core.accounts.directory import DAY
from core.accounts.roles import OF_ROLE, ROLES, Role, grants_of
from core.accounts.users import NewUser, User
from core.audit import entries
from core.records import ConflictError, RequestError
from core.runtime.database import Database
from tests.devices import START

PASSWORD = "correct horse battery staple"


async def test_users_are_counted(database: Database) -> None:
    await _create(database, NewUser("ann", PASSWORD, roles=("administrator",)), START)
    await _create(database, NewUser("bob", mail="Bob@Example.org", roles=("l1", "l2")), START + DAY)
    await _create(database, NewUser("carla", PASSWORD, "C"), START + DAY)
    async with database.read() as connection:
        found = [user.name for user in await directory.everybody(connection, PLATFORM)]
        assert found == ["carla", "bob", "ann"]
        seen = await directory.statistics(connection, PLATFORM, now=START + DAY)
    assert (seen.total, seen.by_type) == (3, {"A": 2, "C": 1})
    assert list(seen.made_by_day.values()) == [1, 2]


async def test_nobody_gives_more_than_they_have(database: Database) -> None:
    lea = Access(9, "lea", "A", None, grants_of("A", ["operations"]) | {"users:create"})
    given = NewUser("eve", PASSWORD, roles=("administrator",))
    with pytest.raises(RequestError, match="rights that you do not have"):
        await users.create(database.begin, lea, given, START)
    await users.create(database.begin, lea, NewUser("tom", PASSWORD, roles=("l2",)), START)
    ben = Access(8, "ben", "B", 4, grants_of("B", ["administrator"]))
    given = NewUser("eve", PASSWORD, "B", ("read_only",), 5)
    with pytest.raises(RequestError, match="is not your own company"):
        await users.create(database.begin, ben, given, START)
    invited = NewUser("eve", "", "B", ("read_only",), 5, "eve@example.org")
    async with database.begin() as connection:
        with pytest.raises(RequestError, match="is not your own company"):
            await users.add(connection, ben, invited, START)
        other = NewUser("eve", "", "A", ("read_only",), None, "eve@example.org")
        with pytest.raises(RequestError, match="is not your own company"):
            await users.add(connection, ben, other, START)
        own = NewUser("eve", "", "B", ("read_only",), 4, "eve@example.org")
        eve = await users.add(connection, ben, own, START, address="192.0.2.7")
        (entry,) = await entries.of_user(connection, PLATFORM, eve.id)
    assert (eve.state, entry.address) == ("not_activated", "192.0.2.7")


async def test_states_follow_their_rules(database: Database) -> None:
    ann = await _create(database, NewUser("ann", PASSWORD, roles=("administrator",)), START)
    bob = await _create(database, NewUser("bob", PASSWORD, roles=("l1",)), START)
    async with database.begin() as connection:

        async def change(user: User, what: states.Change, access: Access = PLATFORM) -> str:
            changed = await states.change_state(
                connection, access, user.id, what, reason="test", now=START
            )
            return changed.state

        assert await change(bob, "lock") == "locked"
        assert await change(bob, "unlock") == "active"
        assert await change(bob, "disable") == "disabled"
        with pytest.raises(RequestError, match="is disabled, and so cannot"):
            await change(bob, "lock")
        assert await change(bob, "delete") == "deleted"
        with pytest.raises(RequestError, match="last administrator"):
            await change(ann, "disable")
        with pytest.raises(RequestError, match="is yourself"):
            await change(ann, "lock", ann.access)
        with pytest.raises(AccessError, match="users:lock"):
            await change(ann, "lock", bob.access)


async def test_roles_are_changed_at_the_version_that_was_seen(database: Database) -> None:
    bob = await _create(database, NewUser("bob", PASSWORD, roles=("l1",)), START)
    async with database.begin() as connection:
        changed = await states.set_roles(
            connection, PLATFORM, bob.id, ["firmware", "l2"], version=1, reason="", now=START
        )
        assert (changed.roles, changed.version) == (("firmware", "l2"), 2)
        with pytest.raises(ConflictError):
            await states.set_roles(
                connection, PLATFORM, bob.id, ["l1"], version=1, reason="", now=START
            )


async def test_sessions_are_seen_and_ended_by_who_may(database: Database) -> None:
    ann = await _create(database, NewUser("ann", PASSWORD, roles=("administrator",)), START)
    bob = await _create(database, NewUser("bob", PASSWORD, roles=("l1",)), START)
    lea = Access(9, "lea", "A", None, grants_of("A", ["l2"]) | {"users:lock", "users:read"})
    async with database.begin() as connection:
        await sessions.start(connection, bob.id, "192.0.2.7", START, "Firefox")
        await sessions.start(connection, ann.id, "", START)
        (seen,) = await profiles.sessions_of(connection, lea, bob.id, START)
        assert (seen.address, seen.client) == ("192.0.2.7", "Firefox")
        with pytest.raises(AccessError, match="users:read"):
            await profiles.sessions_of(connection, bob.access, ann.id, START)
        with pytest.raises(AccessError, match="users:lock"):
            await states.sign_out(connection, bob.access, ann.id, reason="", now=START)
        with pytest.raises(RequestError, match="may do more than you"):
            await states.sign_out(connection, lea, ann.id, reason="", now=START)
        await states.sign_out(connection, lea, bob.id, reason="lost his phone", now=START)
        assert await profiles.sessions_of(connection, lea, bob.id, START) == []
        assert len(await profiles.sessions_of(connection, ann.access, ann.id, START)) == 1
        entry = (await entries.of_user(connection, PLATFORM, bob.id))[0]
    assert (entry.action, entry.reason, entry.user_name) == ("sign_out", "lost his phone", "lea")


@pytest.mark.parametrize("role", ROLES)
def test_types_bound_what_roles_give(role: Role) -> None:
    for user_type in ("B", "C"):
        for grant in grants_of(user_type, [role]):
            assert "*" not in grant
            assert Access(1, "x", "A", None, OF_ROLE[role]).may(grant)


def test_who_may_command_release_and_manage() -> None:
    def may(permission: str) -> set[str]:
        return {r for r in ROLES if Access(1, "x", "A", None, OF_ROLE[r]).may(permission)}

    assert may("systems:command") == {"l2", "operations", "administrator"}
    assert may("firmware:approve") == {"firmware", "administrator"}
    assert may("products:edit") == {"product", "administrator"}
    assert may("users:lock") == {"administrator"}
    assert may("audit:read") == {"operations", "administrator"}
    assert may("serial_numbers:reveal") == {"l2", "operations", "administrator"}


async def _create(database: Database, given: NewUser, now: int) -> User:
    return await users.create(database.begin, PLATFORM, given, now)
