"""Systems by a part of their serial number, among a million.

Both databases keep the trigrams of serial numbers (migration 0008): SQLite in a table of FTS5,
PostgreSQL in an index of pg_trgm, without which it looks at every row. They tell a rare part from a
frequent one: of a rare part the systems are named; of a frequent one the next that fits is never
far. A text with which many serial numbers begin is taken as a beginning alone: nobody looks through
thousands for those that hold it elsewhere.
"""

import re
from typing import Any, Final

from attrs import evolve
from sqlalchemy import TextClause, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.tables import systems
from core.listing.conditions import begins, named
from core.listing.filters import SHORTEST_PART, Words
from core.listing.query import Occasion
from core.listing.tables import Term

FEW: Final = 2_000
SEPARATOR: Final = "|"
"""Stands between several serial numbers, each of them whole."""
_BETWEEN: Final = re.compile(r"[\s,;]+")
_MATCHING: Final = text(
    "SELECT rowid FROM systems_sn_parts WHERE systems_sn_parts MATCH :part LIMIT :few"
)


def sns_in(typed: str) -> list[str]:
    """Serial numbers that somebody typed, however they are parted."""
    return [sn.upper() for sn in _BETWEEN.split(typed) if sn]


async def part_of_sn(connection: AsyncConnection, given: Words, _: Occasion) -> Term:
    """Serial numbers that begin with a text or, from 3 characters on, hold it anywhere."""
    if given.exact:
        return Term(systems.c.sn == given.text, few=True)
    if len(given.text) < SHORTEST_PART:
        return Term(begins(systems.c.sn, given.text))
    if await _is_frequent_beginning(connection, given.text):
        return Term(begins(systems.c.sn, given.text))
    is_sqlite = connection.dialect.name == "sqlite"
    found = await _some(connection, given.text, is_sqlite=is_sqlite)
    if len(found) <= FEW:
        return Term(named(connection.dialect.name, systems.c.id, found), few=True)
    if is_sqlite:
        return Term(func.instr(systems.c.sn, given.text) > 0)
    return Term(systems.c.sn.contains(given.text, autoescape=True))


async def of_systems(connection: AsyncConnection, given: Words, occasion: Occasion) -> Term:
    """Rows joined to systems with this serial number, a part of it, or one of several."""
    if SEPARATOR in given.text:
        sns = [sn.strip() for sn in given.text.split(SEPARATOR) if sn.strip()]
        return Term(named(connection.dialect.name, systems.c.sn, sns))
    return evolve(await part_of_sn(connection, given, occasion), few=False)


async def _is_frequent_beginning(connection: AsyncConnection, part: str) -> bool:
    beginning = select(systems.c.sn).where(begins(systems.c.sn, part)).offset(FEW).limit(1)
    return (await connection.execute(beginning)).first() is not None


async def _some(connection: AsyncConnection, part: str, *, is_sqlite: bool) -> list[int]:
    """Ids of systems with this part, one more than are few at most."""
    query: TextClause | Any
    if is_sqlite:
        quoted = '"' + part.replace('"', '""') + '"'
        query = _MATCHING.bindparams(part=quoted, few=FEW + 1)
    else:
        query = select(systems.c.id).where(systems.c.sn.contains(part, autoescape=True))
        query = query.limit(FEW + 1)
    return list((await connection.execute(query)).scalars())
