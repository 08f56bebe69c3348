"""What all domains keep their rows by: one MetaData, ids and times, and writing many rows at once."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, MetaData, String, Table, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import LargeBinary, TypeEngine

from core.thing_model.problems import Problem

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID: Final = BigInteger().with_variant(Integer, "sqlite")
"""An internal id; SQLite numbers rows by itself only where the type is INTEGER."""
TIME: Final = BigInteger()
"""UTC milliseconds."""
SN: Final = String(24, collation="C").with_variant(String(24), "sqlite")
"""A serial number, ordered by its bytes on either database."""
NAME: Final = String(32)
"""A slot or a channel."""

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

Row = Mapping[str, Any]


class RequestError(ValueError):
    """What somebody asked for is refused as a whole; `problems` lists everything wrong with it."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


def ulid(now: int) -> str:
    """A new ULID: 48 bits of UTC milliseconds and 80 of chance, 26 letters that sort by time."""
    number = now << 80 | secrets.randbits(80)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def printable(given: str) -> str:
    """The text without what PostgreSQL cannot store: NUL and lone surrogates become U+FFFD."""
    return given.replace("\0", "\ufffd").encode(errors="replace").decode()


async def insert_new(connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> int:
    """Insert the rows that are not there yet, and return how many that were."""
    if not rows:
        return 0
    columns = tuple(rows[0])
    return await write(connection, table, columns, rows, "ON CONFLICT DO NOTHING")


async def write(
    connection: AsyncConnection, table: Table, columns: Sequence[str], rows: Sequence[Row], tail: str
) -> int:
    """INSERT `columns` of all rows with `tail` after it, and return the number of rows written.

    PostgreSQL takes one array per column, which is twice as fast as a statement per row.
    """
    if not rows:
        return 0
    names = ", ".join(columns)
    head = f"INSERT INTO {table.name} ({names})"
    if connection.dialect.name == "postgresql":
        arrays = ", ".join(f"CAST(:{c} AS {_type(table.c[c].type)}[])" for c in columns)
        # SQLite needs WHERE between SELECT and ON CONFLICT, PostgreSQL does not mind.
        statement = text(f"{head} SELECT * FROM unnest({arrays}) {tail}")  # noqa: S608  our own names
        result = await connection.execute(
            statement, {column: [row[column] for row in rows] for column in columns}
        )
    else:
        values = ", ".join(f":{column}" for column in columns)
        statement = text(f"{head} VALUES ({values}) {tail}")  # noqa: S608  our own names
        result = await connection.execute(statement, list(rows))
    return result.rowcount


def _type(type_: TypeEngine[Any]) -> str:
    if isinstance(type_, LargeBinary):
        return "bytea"
    return "bigint" if isinstance(type_, BigInteger) else "text"


def keys_clause(connection: AsyncConnection, **columns: str) -> TextClause:
    """Placeholder for a joined list of keys; see `matching`."""
    raise NotImplementedError
