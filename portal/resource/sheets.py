"""CSV of all rows that fit, streamed as they are read; long ones are a job."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Final

from attrs import evolve
from litestar.response import Stream

from core.listing import rows
from core.listing.tables import Row
from core.records import RequestError
from core.thing_model.problems import Problem
from portal.resource.cells import sheet
from portal.resource.declared import Column
from portal.resource.shelf import Shelf, refuse_wrong
from portal.resource.state import State
from portal.twins import safe_cell

MOST: Final = 50_000
"""Rows that are streamed; more are exported by a job."""


async def stream(shelf: Shelf, state: State) -> Stream:
    """The sheet of all rows that fit, from the beginning; raises RequestError."""
    refuse_wrong(state)
    query = evolve(state.query, cursor="")
    read = shelf.services.database.read
    listing, occasion = shelf.resource.listing, shelf.occasion
    count = await rows.count(read, listing, query, occasion, MOST)
    if count.capped:
        what = f"more than {MOST:,} rows fit"
        raise RequestError(Problem("csv", what, "narrow the filters, or let a job export them"))
    name = f"{shelf.resource.id}.csv"
    return Stream(
        lines(shelf, evolve(state, query=query)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def lines(shelf: Shelf, state: State) -> AsyncIterator[str]:
    """The sheet in pieces of some rows each."""
    yield text_of([[column.id for column in state.columns]])
    names = shelf.names(state.columns)
    read = shelf.services.database.read
    async for batch in rows.batches(
        read, shelf.resource.listing, state.query, shelf.occasion, names
    ):
        await shelf.complete(batch.rows)
        yield text_of(cells(state.columns, batch.rows))


def cells(columns: Sequence[Column], found: Sequence[Row]) -> list[list[str | float | bool]]:
    """Rows as a sheet has them, with nothing in them that a spreadsheet would run."""
    return [[safe_cell(sheet(column, row)) for column in columns] for row in found]


def text_of(table: Sequence[Sequence[str | float | bool]]) -> str:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(table)
    return text.getvalue()
