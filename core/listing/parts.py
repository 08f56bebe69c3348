"""Rows by a part of a text column, among a million.

Both databases keep the trigrams of the column: SQLite in a table of FTS5, PostgreSQL in an index of
pg_trgm, without which it looks at every row. They tell a rare part from a frequent one: of a rare
part the rows are named; of a frequent one the next that fits is never far. A text with which many
begin is taken as a beginning alone: nobody looks through thousands for more that hold it.
"""

from typing import Any, Final

from attrs import frozen
from sqlalchemy import Column, TextClause, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.listing.conditions import begins, named
from core.listing.filters import SHORTEST_PART, Words
from core.listing.tables import Term

FEW: Final = 2_000


@frozen(eq=False)
class Parts:
    """A column whose trigrams are kept; its table's `id` numbers them.

    matches: SQLite's table of them.
    """

    column: Column[Any]
    matches: str

    @property
    def ids(self) -> Column[Any]:
        return self.column.table.c.id

    async def term(self, connection: AsyncConnection, given: Words) -> Term:
        """Texts that begin with a text or, from 3 characters on, hold it anywhere."""
        if given.exact:
            return Term(self.column == given.text, few=True)
        if len(given.text) < SHORTEST_PART:
            return Term(begins(self.column, given.text))
        if await self._is_frequent_beginning(connection, given.text):
            return Term(begins(self.column, given.text))
        is_sqlite = connection.dialect.name == "sqlite"
        found = await self._some(connection, given.text, is_sqlite=is_sqlite)
        if len(found) <= FEW:
            return Term(named(connection.dialect.name, self.ids, found), few=True)
        if is_sqlite:
            return Term(func.instr(self.column, given.text) > 0)
        return Term(self.column.contains(given.text, autoescape=True))

    async def _is_frequent_beginning(self, connection: AsyncConnection, part: str) -> bool:
        beginning = select(self.column).where(begins(self.column, part)).offset(FEW).limit(1)
        return (await connection.execute(beginning)).first() is not None

    async def _some(self, connection: AsyncConnection, part: str, *, is_sqlite: bool) -> list[int]:
        """Ids of rows with this part, one more than are few at most."""
        query: TextClause | Any
        if is_sqlite:
            quoted = '"' + part.replace('"', '""') + '"'
            matching = (
                f"SELECT rowid FROM {self.matches} WHERE {self.matches} MATCH :part LIMIT :few"  # noqa: S608  our own name
            )
            query = text(matching).bindparams(part=quoted, few=FEW + 1)
        else:
            query = select(self.ids).where(self.column.contains(part, autoescape=True))
            query = query.limit(FEW + 1)
        return list((await connection.execute(query)).scalars())
