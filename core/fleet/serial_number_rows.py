"""Serial numbers as rows of a table: taken in after a dry run."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import frozen
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.companies.tables import companies
from core.fleet.generating import COLUMNS
from core.fleet.reports import Report
from core.fleet.serial_number_life import CHUNK, chunks, registered
from core.fleet.serial_numbers import CATEGORIES
from core.fleet.systems import SN_SHAPE
from core.fleet.tables import serial_numbers
from core.records import RequestError, insert_new
from core.thing_model.problems import Problem

MOST_ROWS: Final = 200_000
HEAD: Final = ("sn", "category", "company")


@frozen
class _Row:
    number: int
    sn: str
    category: str
    company: str


async def take_in(
    connection: AsyncConnection,
    access: Access,
    rows: Iterable[Mapping[str, str]],
    *,
    dry: bool,
    now: int,
    address: str = "",
    report: Report | None = None,
) -> Report:
    """Import rows of `HEAD`; needs `serial_numbers:import`.

    Nothing is written in a dry run, or where any row is wrong: the report says which (row 2 is the
    first behind the head) and how many. `company` is a name, empty for none. `report` is where
    problems go, if somebody has one.
    """
    access.require("serial_numbers:import")
    report = report or Report()
    seen, good = set[str](), list[_Row]()
    known = await _companies(connection)
    for number, given in enumerate(rows, 2):
        if number > MOST_ROWS + 1:
            raise RequestError(Problem("rows", f"are more than {MOST_ROWS}", "split the file"))
        if number % CHUNK == 0:
            await asyncio.sleep(0)
        row = _row(number, given)
        if report.add(_problems(row, given, known, seen)):
            good.append(row)
        seen.add(row.sn)
    await _compare(connection, good, report)
    if dry or report.wrong or not good:
        return report
    made = [(r.sn, r.category, known.get(r.company), "unactivated", now, 1) for r in good]
    if await insert_new(connection, serial_numbers, COLUMNS, made) != len(made):
        raise RequestError(Problem("rows", "were imported by somebody else meanwhile", "try again"))
    said = {"count": len(good), "first": good[0].sn, "last": good[-1].sn}
    await entries.record(
        connection, access, "serial_numbers", "import", good[0].sn,
        new=said, now=now, address=address,
    )  # fmt: skip
    return report


def _row(number: int, given: Mapping[str, str]) -> _Row:
    said = {name: (given.get(name) or "").strip() for name in HEAD}
    category = said["category"].lower() or CATEGORIES[0]
    return _Row(number, said["sn"].upper(), category, said["company"].casefold())


def _problems(
    row: _Row, given: Mapping[str, str], known: Mapping[str, int], seen: set[str]
) -> Iterator[Problem]:
    where = f"row {row.number}"
    if extra := sorted(str(name) for name in given if name not in HEAD):
        yield Problem(where, f"has columns that there are not: {extra[0]!r}", ", ".join(HEAD))
    if not SN_SHAPE.fullmatch(row.sn):
        yield Problem(where, f"{row.sn[:32]!r} is not a serial number", "8 to 24 of A-Z and 0-9")
    elif row.sn in seen:
        yield Problem(where, f"{row.sn} is there twice", "leave one out")
    if row.category not in CATEGORIES:
        what = f"{row.category[:32]!r} is not a category"
        yield Problem(where, what, f"one of {', '.join(CATEGORIES)}")
    if row.company and row.company not in known:
        yield Problem(where, f"there is no company {row.company[:64]!r}", "make it first")


async def _compare(connection: AsyncConnection, good: list[_Row], report: Report) -> None:
    """Reject rows whose serial number was given out, or is that of a system."""
    rows = {row.sn: row for row in good}
    for chunk in chunks(list(rows)):
        query = select(serial_numbers.c.sn).where(serial_numbers.c.sn.in_(chunk))
        given_out = list(await connection.scalars(query))
        for sn in given_out:
            report.reject(Problem(f"row {rows[sn].number}", f"{sn} was given out", "leave it out"))
        for sn in set(await registered(connection, chunk)) - set(given_out):
            what = f"{sn} is that of a system already"
            report.reject(Problem(f"row {rows[sn].number}", what, "leave it out"))


async def _companies(connection: AsyncConnection) -> dict[str, int]:
    query = select(companies.c.folded_name, companies.c.id).where(companies.c.state != "deleted")
    return {row.folded_name: row.id for row in await connection.execute(query)}
