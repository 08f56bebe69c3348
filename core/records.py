"""What all domains keep their rows by: one MetaData, ids and times, and writing many rows."""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

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
NAME: Final = String(32, collation="C").with_variant(String(32), "sqlite")
"""A slot or a channel, ordered as a serial number is."""


def byte_ordered(length: int) -> Any:
    """A text that is ordered by its bytes on either database, so that its beginning is indexed."""
    return String(length, collation="C").with_variant(String(length), "sqlite")


CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LAST_MOMENT: Final = 2**48 - 1

Row = tuple[Any, ...]
Connection = AsyncConnection
"""A connection with its transaction, for floors that only pass it on."""


class RequestError(ValueError):
    """What somebody asked for is refused as a whole; `problems` lists everything wrong with it."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class ConflictError(ValueError):
    """Somebody else changed the record meanwhile; `current` is what it is now.

    Whoever shows it shows both: what was wanted, and `current`. `wanted` is the former where it is
    long, such as a text.
    """

    def __init__(self, current: object, wanted: object = None) -> None:
        self.current, self.wanted = current, wanted
        super().__init__("somebody else changed this meanwhile: look at it again")


def ulid(now: int) -> str:
    """A new ULID: 48 bits of UTC milliseconds and 80 of chance, 26 letters that sort by time."""
    return _in_letters(now << 80 | secrets.randbits(80))


def first_ulid(now: int) -> str:
    """The lowest ULID of a moment."""
    return _in_letters(max(0, min(now, LAST_MOMENT)) << 80)


def _in_letters(number: int) -> str:
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def printable(given: str) -> str:
    """The text without what PostgreSQL cannot store: NUL becomes U+FFFD, lone surrogates "?"."""
    return given.replace("\0", "\ufffd").encode(errors="replace").decode()


async def change_row(
    connection: AsyncConnection,
    key: Column[Any],
    value: int | str,
    version: int,
    values: Mapping[str, Any],
) -> Any:
    """The row whose `key` is `value` with other values; None where it is no longer at `version`."""
    table = key.table
    changed = await connection.execute(
        update(table)
        .where(key == value, table.c.version == version)
        .values(**values, version=version + 1)
        .returning(*table.c)
    )
    return changed.one_or_none()


async def insert_new(
    connection: AsyncConnection, table: Table, columns: Sequence[str], rows: Sequence[Row]
) -> int:
    """Insert the rows that are not there yet, and return how many that were."""
    return await write(connection, table, columns, rows, "ON CONFLICT DO NOTHING")


async def write(
    connection: AsyncConnection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    tail: str,
) -> int:
    """INSERT rows of these columns, with `tail` behind, and return how many were written.

    PostgreSQL takes one array per column, which is twice as fast as a statement per row.
    """
    if not rows:
        return 0
    head = f"INSERT INTO {table.name} ({', '.join(columns)})"
    if connection.dialect.name == "postgresql":
        statement = f"{head} SELECT * FROM {unnest(table, columns)} {tail}"  # noqa: S608  our own names
        result = await connection.exec_driver_sql(statement, arrays(rows))
    else:
        statement = f"{head} VALUES ({', '.join('?' for _ in columns)}) {tail}"
        result = await connection.exec_driver_sql(statement, list(rows))
    return result.rowcount


def unnest(table: Table, columns: Sequence[str]) -> str:
    """PostgreSQL's rows out of one array per column, for statements with `arrays`."""
    types = (_array(table.c[column].type) for column in columns)
    return f"unnest({', '.join(f'${n}::{type_}' for n, type_ in enumerate(types, 1))})"


def wanted(
    connection: AsyncConnection, table: Table, columns: Sequence[str], rows: Sequence[Row]
) -> tuple[str, tuple[Any, ...]]:
    """Rows to join with, under the name `wanted`, and the parameters that hold them.

    On SQLite they must be what JSON can say.
    """
    names = ", ".join(columns)
    if connection.dialect.name == "postgresql":
        return f"{unnest(table, columns)} AS wanted ({names})", arrays(rows)
    said = ", ".join(f"value ->> {n} AS {name}" for n, name in enumerate(columns))
    return f"(SELECT {said} FROM json_each(?)) AS wanted", (json.dumps(rows),)  # noqa: S608  our own names


def arrays(rows: Sequence[Row]) -> tuple[list[Any], ...]:
    """Rows as one array per column."""
    return tuple(map(list, zip(*rows, strict=True)))


def _array(type_: TypeEngine[Any]) -> str:
    for kind, name in _ARRAYS:
        if isinstance(type_, kind):
            return name
    raise TypeError(f"no array type is known for {type_!r}")


_ARRAYS: Final[tuple[tuple[type[TypeEngine[Any]], str], ...]] = (
    (LargeBinary, "bytea[]"),
    (Boolean, "boolean[]"),
    (Integer, "bigint[]"),
    (String, "text[]"),
    (Double, "double precision[]"),
)
