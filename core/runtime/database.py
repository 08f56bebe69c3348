"""SQLite or PostgreSQL behind one door: transactions, and the schema brought up to date."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.runtime.migrations import upgrade

DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
BUSY_TIMEOUT: Final = 15_000
MAPPED: Final = 2**30
"""Bytes of an SQLite file that are read without a system call each; lists look up many rows."""
WRITING: Final = {"writing": True}


Trouble = Literal["away", "refused", "broken"]
_AWAY: Final = frozenset({"08", "25", "40", "53", "55", "57", "58"})
_REFUSED: Final = frozenset({"22", "23"})
_CHECK_VIOLATION: Final = "23514"


class DatabaseError(ValueError):
    """The database cannot be used as configured; the message says what, and how to mend it."""


class Database:
    """One database, `sqlite:///file` or `postgresql://user:password@host/name`.

    On SQLite a transaction of `begin` has the right to write from its first moment, so that it
    waits for its turn there and not in its middle; `read` never waits for writers.
    """

    def __init__(self, url: str) -> None:
        self.url = database_url(url)
        self._engine: AsyncEngine | None = None

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    async def open(self) -> None:
        """Connect and bring the schema up to date; raises DatabaseError."""
        engine = _sqlite(self.url) if self.is_sqlite else _postgresql(self.url)
        try:
            async with engine.execution_options(**WRITING).begin() as connection:
                await connection.run_sync(upgrade)
        except BaseException:
            await engine.dispose()
            raise
        self._engine = engine

    async def close(self) -> None:
        """Close all connections."""
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that may write: committed at the end, rolled back if that is an error."""
        return self._open_engine().execution_options(**WRITING).begin()

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that only reads."""
        engine = self._open_engine()
        return (
            engine if self.is_sqlite else engine.execution_options(postgresql_readonly=True)
        ).begin()

    def _open_engine(self) -> AsyncEngine:
        if self._engine is None:
            raise DatabaseError("the database is not open: await Database.open() first")
        return self._engine


def database_url(text: str) -> URL:
    """The URL with the driver that is used here; raises DatabaseError."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise DatabaseError(_unusable(text)) from error
    driver = DRIVERS.get(url.get_backend_name())
    if driver is None or (url.drivername.startswith("sqlite") and not url.database):
        raise DatabaseError(_unusable(text))
    return url.set(drivername=driver)


def trouble(error: Exception) -> Trouble:
    """What an error of a transaction means.

    "away": the database cannot be reached or cannot write now, another attempt may succeed;
    "refused": it does not take these rows; "broken": neither time nor other rows will help.
    """
    if isinstance(error, OSError | PoolTimeoutError):
        return "away"
    if not isinstance(error, DBAPIError):
        return "refused"
    code = str(getattr(error.orig, "sqlstate", None) or "")[:2]
    if error.connection_invalidated or isinstance(error, OperationalError) or code in _AWAY:
        return "away"
    if _is_repartitioned(error):
        return "away"
    refused = isinstance(error, DataError | IntegrityError | InterfaceError) or code in _REFUSED
    return "refused" if refused else "broken"


def _is_repartitioned(error: DBAPIError) -> bool:
    """Whether a row was on its way to a partition while that one was given other bounds."""
    said = error.orig and error.orig.__cause__
    return (
        getattr(error.orig, "sqlstate", None) == _CHECK_VIOLATION
        and getattr(said, "constraint_name", None) is None
    )


def cause(error: Exception) -> Exception:
    """What the driver said, without the statement."""
    original = error.orig if isinstance(error, DBAPIError) else None
    return original if isinstance(original, Exception) else error


def _unusable(text: str) -> str:
    scheme = text.partition("://")[0]
    return (
        f"database URL beginning with {scheme!r} cannot be used: "
        "write sqlite:////path/to/file or postgresql://user:password@host/name"
    )


def _postgresql(url: URL) -> AsyncEngine:
    arguments = {"server_settings": {"jit": "off"}}  # compiling costs more than our pages take
    return create_async_engine(
        url, pool_size=10, pool_pre_ping=True, hide_parameters=True, connect_args=arguments
    )


def _sqlite(url: URL) -> AsyncEngine:
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, pool_size=10, hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: Python's driver says it too late
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT}",
        "journal_mode = WAL",
        "synchronous = FULL",
        f"mmap_size = {MAPPED}",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
