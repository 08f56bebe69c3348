"""Whether the audit is as it was written."""

from collections.abc import AsyncIterator
from typing import Final

from attrs import frozen
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit.chain import BEGINNING, FIELDS, link
from core.audit.tables import audit_entries
from core.thing_model.problems import Problem

BATCH: Final = 1_000


@frozen
class Verdict:
    """How many rows were read, the newest one's hash, and the first thing that is wrong."""

    count: int
    head: bytes
    problem: Problem | None


async def verify(connection: AsyncConnection, expected: tuple[int, bytes] | None = None) -> Verdict:
    """Read every row in order and compare; stops at the first that is not as it was written.

    `expected` is a number and hash noted earlier (`entries.head`): the row must still be there.
    """
    previous, count = BEGINNING, 0
    async for row in _rows(connection):
        number, *_ = row
        *fields, said, made = row
        if number != count + 1:
            what = f"follows number {count}: rows are missing or were put in another order"
            return Verdict(count, previous, _problem(number, what))
        if bytes(said) != previous:
            return Verdict(count, previous, _problem(number, "does not follow the row before it"))
        if bytes(made) != link(previous, fields):
            return Verdict(count, previous, _problem(number, "was changed after it was written"))
        previous, count = bytes(made), number
        if expected is not None and number == expected[0] and previous != expected[1]:
            what = "does not have the hash that was noted: all rows up to it were written anew"
            return Verdict(count, previous, _problem(number, what))
    if expected is not None and count < expected[0]:
        what = f"is gone: the newest row is number {count}, rows at the end were removed"
        return Verdict(count, previous, _problem(expected[0], what))
    return Verdict(count, previous, None)


async def _rows(connection: AsyncConnection) -> AsyncIterator[tuple[object, ...]]:
    columns = [audit_entries.c[name] for name in (*FIELDS, "previous", "hash")]
    last = None
    while True:
        query = select(*columns).order_by(audit_entries.c.id).limit(BATCH)
        if last is not None:
            query = query.where(audit_entries.c.id > last)
        rows = (await connection.execute(query)).all()
        for row in rows:
            yield tuple(row)
        if len(rows) < BATCH:
            return
        last = rows[-1].id


def _problem(number: object, what: str) -> Problem:
    return Problem(f"entry {number}", what, "compare with a backup from before")
