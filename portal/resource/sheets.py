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
from core.spreadsheet import safe_cell
from core.thing_model.problems import Problem
from portal.presentation.readings import Heard
from portal.presentation.times import Zone, iso
from portal.resource.cells import TIMES, Cell, sheet
from portal.resource.declared import Column, Resource
from portal.resource.shelf import Shelf, refuse_wrong
from portal.resource.state import State

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
    yield text_of([header(shelf.resource, state.columns)])
    names = shelf.names(state.columns)
    read = shelf.services.database.read
    async for batch in rows.batches(
        read, shelf.resource.listing, state.query, shelf.occasion, names
    ):
        await shelf.complete(batch.rows, state.columns)
        yield text_of(cells(shelf.resource, state.columns, batch.rows))


def header(resource: Resource, columns: Sequence[Column]) -> list[str]:
    """The columns' ids, and units; what stands beside some, see `_beside`."""
    return [name for column in columns for name in (_titled(column), *_beside(resource, column))]


def _titled(column: Column) -> str:
    with_unit = column.kind == "heard" and column.unit
    return f"{column.id} ({column.unit})" if with_unit else column.id


def _beside(resource: Resource, column: Column) -> tuple[str, ...]:
    """A time in a row's own zone beside the one in UTC, and beside what was heard its time."""
    if column.kind == "heard":
        return (f"{column.id}_time",)
    return (f"{column.id}_site",) if resource.zone and column.kind in TIMES else ()


def cells(
    resource: Resource, columns: Sequence[Column], found: Sequence[Row]
) -> list[list[str | float | bool]]:
    """Rows as a sheet has them, with nothing in them that a spreadsheet would run."""
    return [
        [safe_cell(cell) for column in columns for cell in _cells(resource, column, row)]
        for row in found
    ]


def _cells(resource: Resource, column: Column, row: Row) -> tuple[Cell, ...]:
    if not _beside(resource, column):
        return (sheet(column, row),)
    if column.kind == "heard":
        heard: Heard | None = row.get(column.id)
        return sheet(column, row), iso(heard.time) if heard else None
    at, zone = row.get(column.id), row.get(resource.zone)
    return sheet(column, row), Zone(zone, "").shown(at) if at is not None and zone else None


def text_of(table: Sequence[Sequence[str | float | bool]]) -> str:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(table)
    return text.getvalue()
