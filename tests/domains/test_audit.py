"""The audit: what is written, that it cannot be changed, and that a change would be found."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.access import PLATFORM, Access, AccessError
from core.audit import entries
from core.audit.chain import BEGINNING
from core.audit.entries import SecretError, Wanted
from core.audit.verifying import Verdict, verify
from core.runtime.database import Database
from tests.devices import START

EVE = Access(7, "eve", "A", None, frozenset({"systems:*"}))


async def test_only_what_differs_is_recorded(database: Database) -> None:
    old, new = {"name": "Alm", "city": "Graz", "gone": 1}, {"name": "Alm 4", "city": "Graz"}
    async with database.begin() as connection:
        await entries.record(
            connection, EVE, "sites", "edit", 4, old=old, new=new, reason="moved", now=START,
            address="192.0.2.1",
        )  # fmt: skip
        (entry,) = await entries.page(connection, PLATFORM, Wanted())
    assert (entry.id, entry.at, entry.user_id, entry.user_name) == (1, START, 7, "eve")
    assert (entry.area, entry.action, entry.object_id) == ("sites", "edit", "4")
    assert (entry.old, entry.new) == ({"name": "Alm", "gone": 1}, {"name": "Alm 4"})
    assert (entry.reason, entry.address) == ("moved", "192.0.2.1")


@pytest.mark.parametrize("name", ["password", "password_hash", "totp_secret", "check_code"])
async def test_secrets_are_not_taken(database: Database, name: str) -> None:
    async with database.begin() as connection:
        with pytest.raises(SecretError, match=name):
            await entries.record(connection, EVE, "users", "edit", 1, new={name: "x"}, now=START)


async def test_entries_are_found_by_who_what_when(database: Database) -> None:
    await _fill(database, 5)
    async with database.read() as connection:
        assert len(await entries.page(connection, PLATFORM, Wanted(area="sites"))) == 5
        assert len(await entries.page(connection, PLATFORM, Wanted(object_id="3"))) == 1
        span = Wanted(since=START + 1, until=START + 3)
        assert [e.id for e in await entries.page(connection, PLATFORM, span)] == [3, 2]
        assert await entries.page(connection, PLATFORM, Wanted(user_name="bob")) == []
        assert [e.id for e in await entries.page(connection, PLATFORM, Wanted(), before=3)] == [
            2,
            1,
        ]
        with pytest.raises(AccessError, match="audit:read"):
            await entries.page(connection, EVE, Wanted())


@pytest.mark.parametrize(
    "change", ["UPDATE audit_entries SET reason = 'x'", "DELETE FROM audit_entries"]
)
async def test_the_database_refuses_changes(database: Database, change: str) -> None:
    await _fill(database, 2)
    with pytest.raises(DBAPIError, match="can only be added to"):
        async with database.begin() as connection:
            await connection.execute(text(change))


async def test_writers_at_once_make_one_chain(database: Database) -> None:
    await asyncio.gather(*(_fill(database, 3) for _ in range(8)))
    verdict = await _verdict(database)
    assert (verdict.count, verdict.problem) == (24, None)


async def test_a_failed_transaction_leaves_no_gap(database: Database) -> None:
    async def fail() -> None:
        async with database.begin() as connection:
            await entries.record(connection, EVE, "sites", "edit", 1, now=START)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await _fill(database, 2)
    assert (await _verdict(database)).count == 2


@pytest.mark.parametrize(
    ("tampering", "where"),
    [
        (("UPDATE audit_entries SET reason = 'nothing' WHERE id = 3",), 3),
        (("UPDATE audit_entries SET at = at + 1 WHERE id = 1",), 1),
        (("UPDATE audit_entries SET user_id = NULL WHERE id = 2",), 2),
        (("DELETE FROM audit_entries WHERE id = 2",), 3),
        (
            (
                "UPDATE audit_entries SET id = 99 WHERE id = 2",
                "UPDATE audit_entries SET id = 2 WHERE id = 3",
                "UPDATE audit_entries SET id = 3 WHERE id = 99",
            ),
            2,
        ),
    ],
    ids=["changed", "time", "who", "removed", "reordered"],
)
async def test_tampering_is_found(database: Database, tampering: list[str], where: int) -> None:
    await _fill(database, 5)
    assert (await _verdict(database)).problem is None
    await _tamper(database, *tampering)
    problem = (await _verdict(database)).problem
    assert problem is not None
    assert problem.where == f"entry {where}"


async def test_rows_cut_off_at_the_end_are_found_by_a_noted_head(database: Database) -> None:
    await _fill(database, 5)
    async with database.read() as connection:
        noted = await entries.head(connection)
        assert await verify(connection, noted) == Verdict(5, noted[1], None)
    await _tamper(database, "DELETE FROM audit_entries WHERE id = 5")
    assert (await _verdict(database)).problem is None
    async with database.read() as connection:
        problem = (await verify(connection, noted)).problem
    assert problem is not None
    assert problem.where == "entry 5"


async def test_an_empty_audit_is_in_order(database: Database) -> None:
    assert await _verdict(database) == Verdict(0, BEGINNING, None)


async def _fill(database: Database, number: int) -> None:
    for n in range(number):
        async with database.begin() as connection:
            await entries.record(
                connection, EVE, "sites", "edit", n, new={"name": f"Alm {n}"}, now=START + n
            )


async def _tamper(database: Database, *statements: str) -> None:
    """Change rows as somebody who owns the database can."""
    async with database.begin() as connection:
        if database.is_sqlite:
            for verb in ("update", "delete"):
                await connection.execute(text(f"DROP TRIGGER audit_entries_no_{verb}"))
        else:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await connection.execute(text(statement))


async def _verdict(database: Database) -> Verdict:
    async with database.read() as connection:
        return await verify(connection)
