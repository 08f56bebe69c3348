"""First user, signing in, and sessions, on both databases."""

import asyncio
import statistics
import time

import pytest

from core.access import PLATFORM
from core.accounts import sessions, sign_in, states, users
from core.accounts.policy import USUAL
from core.accounts.sign_in import MOST_PER_ADDRESS, MOST_PER_NAME, WINDOW, SignInError
from core.accounts.sign_in import TooManyAttemptsError as TooMany
from core.accounts.users import SETUP_LIFE, NewUser, User
from core.records import RequestError
from core.runtime.database import Database
from tests.devices import START

IDLE, LIFE = USUAL.idle, USUAL.life
PASSWORD = "correct horse battery staple"
ADDRESS = "192.0.2.1"


@pytest.fixture
async def ann(database: Database) -> User:
    """The first user."""
    return await users.set_up(database.begin, await _token(database), "Ann", PASSWORD, START)


async def test_a_setup_token_makes_one_admin(database: Database) -> None:
    token = await _token(database)
    ann = await users.set_up(database.begin, token, " Ann ", PASSWORD, START)
    assert (ann.name, ann.roles, ann.state) == ("ann", ("administrator",), "active")
    with pytest.raises(RequestError, match="is not good, or no longer"):
        await users.set_up(database.begin, token, "bob", PASSWORD, START)
    async with database.begin() as connection:
        assert await users.create_setup_token(connection, START) is None


async def test_only_the_newest_setup_token_is_good_and_for_a_day(database: Database) -> None:
    old, new = await _token(database), await _token(database)
    for token, now in [(old, START), (new, START + SETUP_LIFE), ("", START), ("x", START)]:
        with pytest.raises(RequestError, match="is not good"):
            await users.set_up(database.begin, token, "ann", PASSWORD, now)
    await users.set_up(database.begin, new, "ann", PASSWORD, START + SETUP_LIFE - 1)


async def test_two_set_ups_at_once_make_one_user(database: Database) -> None:
    token = await _token(database)
    tries = (users.set_up(database.begin, token, n, PASSWORD, START) for n in ("ann", "bob"))
    made = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(each).__name__ for each in made) == ["RequestError", "User"]


@pytest.mark.parametrize(
    ("name", "password", "wrong"),
    [
        ("", PASSWORD, ["name"]),
        ("a\nb", PASSWORD, ["name"]),
        ("ann", "short", ["password"]),
        ("ann", "x" * 129, ["password"]),
        ("anna", "i am ANNA and long", ["password"]),
        ("n" * 129, "eleven char", ["name", "password"]),
    ],
)
async def test_names_and_passwords_are_checked(
    database: Database, name: str, password: str, wrong: list[str]
) -> None:
    token = await _token(database)
    with pytest.raises(RequestError) as refused:
        await users.set_up(database.begin, token, name, password, START)
    assert [problem.where for problem in refused.value.problems] == wrong


async def test_other_users_are_made_by_name_and_role(database: Database, ann: User) -> None:
    bob = await _create(database, "bob", "read_only")
    assert (bob.name, bob.roles) == ("bob", ("read_only",))
    with pytest.raises(RequestError, match="'ANN' is taken"):
        await _create(database, "ANN", "read_only")
    with pytest.raises(RequestError, match="is not a role"):
        await _create(database, "eve", "root")
    async with database.read() as connection:
        assert await users.by_id(connection, bob.id) == bob
        assert await users.by_id(connection, 99) is None


async def test_passwords_are_kept_as_argon2id(database: Database, ann: User) -> None:
    async with database.read() as connection:
        found = await users.by_name(connection, "ANN")
    assert found is not None
    assert found[1].startswith("$argon2id$")


async def test_signing_in_begins_a_session(database: Database, ann: User) -> None:
    signed_in = await sign_in.sign_in(database.begin, "ANN ", PASSWORD, ADDRESS, START)
    assert signed_in.user.id == ann.id
    session = await _session(database, signed_in.token, START + 1)
    assert session is not None
    assert (session.user_id, session.user_name, session.access) == (ann.id, "ann", ann.access)
    assert session.address == ADDRESS


async def test_every_wrong_pair_gets_the_same_answer_in_the_same_time(
    database: Database, ann: User
) -> None:
    said, took = set(), {"ann": [], "nobody": []}
    for n in range(4):
        for name, times in took.items():
            began = time.perf_counter()
            with pytest.raises(SignInError) as refused:
                await sign_in.sign_in(database.begin, name, f"wrong {n}", ADDRESS, START)
            times.append(time.perf_counter() - began)
            said.add(str(refused.value))
    assert len(said) == 1
    ratio = statistics.median(took["ann"]) / statistics.median(took["nobody"])
    assert 0.4 < ratio < 2.5


async def test_disabled_users_are_signed_out_and_stay_out(database: Database, ann: User) -> None:
    bob = await _create(database, "bob", "l2")
    token = (await sign_in.sign_in(database.begin, "bob", PASSWORD, ADDRESS, START)).token
    async with database.begin() as connection:
        await states.change_state(connection, PLATFORM, bob.id, "disable", reason="left", now=START)
    assert await _session(database, token, START) is None
    with pytest.raises(SignInError):
        await sign_in.sign_in(database.begin, "bob", PASSWORD, ADDRESS, START)


async def test_too_many_attempts_on_a_name_close_it_for_a_while(
    database: Database, ann: User
) -> None:
    for n in range(MOST_PER_NAME):
        with pytest.raises(SignInError):
            await sign_in.sign_in(database.begin, "ann", "wrong", f"192.0.2.{n}", START + n)
    with pytest.raises(TooMany) as refused:
        await sign_in.sign_in(database.begin, "ann", PASSWORD, ADDRESS, START + 60_000)
    assert refused.value.retry_after == WINDOW // 1000 - 60
    await sign_in.sign_in(database.begin, "ann", PASSWORD, ADDRESS, START + WINDOW)


async def test_attempts_at_once_are_counted_one_by_one(database: Database, ann: User) -> None:
    tries = (
        sign_in.sign_in(database.begin, "ann", "wrong", ADDRESS, START)
        for _ in range(MOST_PER_NAME + 5)
    )
    made = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, TooMany) for each in made) == 5


async def test_a_success_gives_a_name_its_attempts_back(database: Database, ann: User) -> None:
    for _ in range(3):
        for _ in range(MOST_PER_NAME - 1):
            with pytest.raises(SignInError):
                await sign_in.sign_in(database.begin, "ann", "wrong", "192.0.2.9", START)
        await sign_in.sign_in(database.begin, "ann", PASSWORD, ADDRESS, START)


async def test_an_address_that_tries_many_names_is_closed_too(database: Database) -> None:
    async with database.begin() as connection:
        for _ in range(MOST_PER_ADDRESS):
            await sign_in.charge(connection, f"address:{ADDRESS}", MOST_PER_ADDRESS, START)
    with pytest.raises(TooMany):
        await sign_in.sign_in(database.begin, "new", "wrong", ADDRESS, START)


async def test_sessions_end_when_idle_or_old(database: Database, ann: User) -> None:
    token = await _start(database, ann)
    session = await _session(database, token, START + IDLE - 1)
    assert session is not None
    assert session.needs_touch(START + 60_000)
    assert not session.needs_touch(START + 59_999)
    assert await _session(database, token, START + IDLE) is None
    for now in range(START, START + LIFE, IDLE // 2):
        async with database.begin() as connection:
            await sessions.touch(connection, session.id, now)
    assert await _session(database, token, START + LIFE - 1) is not None
    assert await _session(database, token, START + LIFE) is None
    async with database.begin() as connection:
        assert await sessions.sweep(connection, START + LIFE) == 1


async def test_an_id_that_was_not_given_out_is_nobodys(database: Database, ann: User) -> None:
    await _start(database, ann)
    for token in ("", "ATTACKER-CHOSEN-ID", "x" * 10_000, "\ud800"):
        assert await _session(database, token, START) is None


async def test_a_rotated_session_keeps_its_user_and_loses_its_old_id(
    database: Database, ann: User
) -> None:
    old = await _start(database, ann)
    async with database.begin() as connection:
        new = await sessions.rotate(connection, old, START + 1)
        assert await sessions.rotate(connection, old, START + 1) is None
    assert new is not None
    assert await _session(database, old, START + 2) is None
    session = await _session(database, new, START + 2)
    assert session is not None
    assert session.user_id == ann.id


async def test_sessions_can_be_revoked(database: Database, ann: User) -> None:
    tokens = [await _start(database, ann) for _ in range(3)]
    async with database.begin() as connection:
        await sessions.revoke(connection, tokens[0])
        assert len(await sessions.of_user(connection, ann.id, START)) == 2
        await sessions.revoke_all(connection, ann.id)
        assert await sessions.of_user(connection, ann.id, START) == []


async def test_tokens_are_not_kept(database: Database, ann: User) -> None:
    token = await _start(database, ann)
    async with database.read() as connection:
        found = await connection.exec_driver_sql("SELECT * FROM sessions")
        assert token not in str(found.all())


async def _create(database: Database, name: str, role: str) -> User:
    given = NewUser(name, PASSWORD, roles=(role,))  # type: ignore[arg-type]
    return await users.create(database.begin, PLATFORM, given, START)


async def _token(database: Database) -> str:
    async with database.begin() as connection:
        token = await users.create_setup_token(connection, START)
    assert token is not None
    return token


async def _start(database: Database, user: User) -> str:
    async with database.begin() as connection:
        return await sessions.start(connection, user.id, ADDRESS, START)


async def _session(database: Database, token: str, now: int) -> sessions.Session | None:
    async with database.read() as connection:
        return await sessions.by_token(connection, token, now)
