"""The door to the database: urls, transactions, the schema, and what errors mean."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Inspector, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.fleet import systems
from core.fleet.listed import LISTING
from core.fleet.systems import Registration
from core.records import CROCKFORD, METADATA, printable, ulid
from core.registry import Registry
from core.runtime.database import Database, DatabaseError, database_url, trouble
from tests.asking import counted
from tests.databases import PostgreSQL
from tests.devices import SN, START

PARTS = ("systems_sn_parts", "users_name_parts")
"""Trigrams, which the migrations make where a database can keep them."""


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:////tmp/x.db", "sqlite+aiosqlite"),
        ("postgresql://u:p@h/d", "postgresql+asyncpg"),
        ("postgres://h/d", "postgresql+asyncpg"),
        ("postgresql+psycopg://h/d", "postgresql+asyncpg"),
    ],
)
def test_urls_get_their_driver(given: str, driver: str) -> None:
    assert database_url(given).drivername == driver


@pytest.mark.parametrize("given", ["", "x", "mysql://u:secret@h/d", "sqlite://", "sqlite:///"])
def test_other_urls_are_refused_without_their_secret(given: str) -> None:
    with pytest.raises(DatabaseError, match="write sqlite:") as refused:
        database_url(given)
    assert "secret" not in str(refused.value)


async def test_the_steps_make_what_the_tables_say(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []
        names = await connection.run_sync(lambda c: inspect(c).get_table_names())
        parts = await connection.run_sync(_partitions)
        indexes = await connection.run_sync(_indexes)
    declared_tables = {table.name for table in METADATA.sorted_tables}
    assert _declared(names) - parts == declared_tables | {"alembic_version"}
    assert parts.isdisjoint(declared_tables)
    assert ("frames_default" in parts) is not database.is_sqlite
    declared = {index.name for table in METADATA.sorted_tables for index in table.indexes}
    assert declared <= indexes


async def test_opening_again_changes_nothing(database: Database, registry: Registry) -> None:
    async with database.begin() as connection:
        await systems.register(connection, registry, Registration(SN, "bench"), START)
    await database.close()
    await database.open()
    async with database.read() as connection:
        assert await counted(connection, LISTING) == 1


async def test_processes_that_start_together_make_the_tables_once(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    for url in (postgresql.new_database(), f"sqlite:///{tmp_path / 'new' / 'x.db'}"):
        databases = [Database(url) for _ in range(4)]
        await asyncio.gather(*(each.open() for each in databases))
        for each in databases:
            await each.close()


async def test_a_failed_transaction_leaves_nothing(database: Database, registry: Registry) -> None:
    async def fail() -> None:
        async with database.begin() as connection:
            await systems.register(connection, registry, Registration(SN, "bench"), START)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.read() as connection:
        assert await counted(connection, LISTING) == 0


async def test_readers_do_not_wait_for_a_writer(database: Database, registry: Registry) -> None:
    async with database.begin() as writing, asyncio.timeout(5):
        await systems.register(writing, registry, Registration(SN, "bench"), START)
        async with database.read() as reading:
            assert await counted(reading, LISTING) == 0


async def test_writers_take_turns(database: Database, registry: Registry) -> None:
    async def register(n: int) -> None:
        async with database.begin() as connection:
            known = await counted(connection, LISTING)
            await asyncio.sleep(0.01)
            given = Registration(f"{SN}{n}", "bench", name=str(known))
            await systems.register(connection, registry, given, START)

    await asyncio.gather(*(register(n) for n in range(8)))
    async with database.read() as connection:
        assert await counted(connection, LISTING) == 8


async def test_sqlite_is_set_to_lose_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    await database.open()
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15_000}
    async with database.read() as connection:
        for pragma, value in wanted.items():
            found = await connection.exec_driver_sql(f"PRAGMA {pragma}")
            assert found.scalar_one() == value
    await database.close()


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="is not open"):
        Database(f"sqlite:///{tmp_path / 'x.db'}").begin()


async def test_references_hold(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.begin() as connection:
            await connection.exec_driver_sql(
                "INSERT INTO faults (system_id, slot, code, severity, opened_at) "
                "VALUES (99, 'x', 'x', 'info', 0)"
            )


REFUSED = [
    "INSERT INTO users (name) VALUES (NULL)",
    "INSERT INTO setup_tokens VALUES ('', 0, 0), ('', 0, 0)",
]


@pytest.mark.parametrize("statement", REFUSED)
async def test_rows_that_do_not_fit_are_refused(database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError) as error:
        async with database.begin() as connection:
            await connection.exec_driver_sql(statement)
    assert trouble(error.value) == "refused"


async def test_values_that_do_not_fit_are_refused(database: Database) -> None:
    query = text("SELECT * FROM systems WHERE id = :id")
    if database.is_sqlite:
        with pytest.raises(OverflowError) as error:
            async with database.read() as connection:
                await connection.execute(query, {"id": 2**64})
    else:
        with pytest.raises(DBAPIError) as error:  # type: ignore[assignment]
            async with database.read() as connection:
                await connection.execute(query, {"id": 2**64})
    assert trouble(error.value) == "refused"


async def test_a_server_that_is_away_is_told_from_rows_that_are_wrong(
    mortal_postgresql: PostgreSQL,
) -> None:
    database = Database(mortal_postgresql.new_database())
    await database.open()

    async def lose_the_server() -> None:
        async with database.begin() as connection:
            mortal_postgresql.stop()
            await connection.exec_driver_sql("SELECT 1")

    try:
        with pytest.raises(DBAPIError) as cut:
            await lose_the_server()
        with pytest.raises(Exception) as refused:  # noqa: PT011
            async with database.begin():
                pass
    finally:
        mortal_postgresql.start()
    assert trouble(cut.value) == "away"
    assert trouble(refused.value) == "away"
    async with database.begin() as connection:
        with pytest.raises(DBAPIError) as wrong:
            await connection.exec_driver_sql("SELECT * FROM nothing")
    assert trouble(wrong.value) == "broken"
    await database.close()


async def test_a_locked_sqlite_file_is_away(tmp_path: Path) -> None:
    one, other = (Database(f"sqlite:///{tmp_path / 'x.db'}") for _ in range(2))
    await one.open()
    await other.open()
    async with one.begin(), other.read() as connection:
        await connection.exec_driver_sql("PRAGMA busy_timeout = 50")
        with pytest.raises(DBAPIError) as locked:
            await connection.exec_driver_sql("DELETE FROM users")
    assert trouble(locked.value) == "away"
    await one.close()
    await other.close()


def test_ulids_sort_by_time_and_differ() -> None:
    made = [ulid(START + n // 100) for n in range(1000)]
    assert len(set(made)) == 1000
    assert [each[:10] for each in made] == sorted(each[:10] for each in made)
    assert all(len(each) == 26 and set(each) <= set(CROCKFORD) for each in made)
    assert ulid(1_469_918_176_385).startswith("01ARYZ6S41")  # the specification's example


@pytest.mark.parametrize(
    ("given", "expected"),
    [("é\n😀", "é\n😀"), ("a\0b", "a\ufffdb"), ("\ud800", "?"), ("", "")],
)
def test_text_becomes_what_a_database_can_store(given: str, expected: str) -> None:
    assert printable(given) == expected


def _differences(connection: Connection) -> list[object]:
    """What autogeneration would change; partitions, which are made as days come, are no tables."""
    parts = _partitions(connection)

    def is_declared(name: str | None, kind: str, _: object) -> bool:
        of_parts = any(each in (name or "") for each in PARTS)
        return name not in parts and (not of_parts or kind == "column")

    options = {"compare_type": True, "include_name": is_declared}
    return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)


def _declared(names: list[str]) -> set[str]:
    """Without the trigrams: in SQLite they are tables, of its own."""
    return {name for name in names if not name.startswith(PARTS)}


def _partitions(connection: Connection) -> set[str]:
    """The partitions of tables that are declared as partitioned."""
    if connection.dialect.name != "postgresql":
        return set()
    found = connection.execute(
        text(
            "SELECT part.relname, whole.relname FROM pg_inherits "
            "JOIN pg_class AS part ON part.oid = inhrelid "
            "JOIN pg_class AS whole ON whole.oid = inhparent WHERE part.relkind = 'r'"
        )
    )
    return {part for part, whole in found if METADATA.tables[whole].kwargs}


def _indexes(connection: Connection) -> set[str | None]:
    inspector: Inspector = inspect(connection)
    return {
        index["name"]
        for table in METADATA.sorted_tables
        for index in inspector.get_indexes(table.name)
    }
