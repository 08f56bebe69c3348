"""Doing an action: with rows that were chosen, one transaction each."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from attrs import define, field

from core.listing import rows
from core.listing.tables import Row
from core.records import RequestError
from core.thing_model.problems import Problem
from portal.resource.declared import Action, Handed
from portal.resource.editing import recorded, within
from portal.resource.shelf import Shelf
from portal.resource.state import State
from portal.resource.work import Work, note

TOLD: Final = 20
"""Rows that are named; of more only the number is said."""


@define
class Outcome:
    """What came of an action: how many rows it was done with, and which it refused and why.

    `handed` is what it handed out, which is told to whoever asked and kept nowhere.
    """

    done: int = 0
    passed_over: int = 0
    refused: int = 0
    reasons: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    handed: list[Handed] = field(factory=list[Handed])

    def refuse(self, key: str, reason: str) -> None:
        self.refused += 1
        if len(self.reasons) < TOLD:
            self.reasons.append((key, reason))


@define
class Selection:
    """Rows that an action is for: by key, or all that fit a query."""

    keys: Sequence[str]
    state: State | None = None

    @property
    def is_all(self) -> bool:
        return self.state is not None


async def chosen_rows(shelf: Shelf, selection: Selection) -> AsyncIterator[list[Row]]:
    """The rows of a selection, some at a time, with the listing's own columns."""
    if selection.state is None:
        yield await shelf.by_keys(selection.keys)
        return
    read, listing = shelf.services.database.read, shelf.resource.listing
    async for batch in rows.batches(read, listing, selection.state.query, shelf.occasion):
        yield batch.rows


async def carry_out(  # noqa: PLR0917  what, with which rows, how, and what came of it so far
    shelf: Shelf,
    tool: Action,
    found: Sequence[Row],
    values: Mapping[str, Any],
    work: Work,
    outcome: Outcome,
) -> None:
    """Do it with each row; one that is refused keeps no other from being done."""
    for row in found:
        if tool.applies is not None and not tool.applies(row):
            outcome.passed_over += 1
            continue
        try:
            handed = await _one(shelf, tool, row, values, work)
        except RequestError as error:
            outcome.refuse(str(row[shelf.resource.listing.key]), str(error))
        else:
            outcome.done += 1
            outcome.handed += [handed] if handed is not None else []


async def _one(
    shelf: Shelf, tool: Action, row: Row, values: Mapping[str, Any], work: Work
) -> Handed | None:
    handed: Handed | None = None
    area, name = shelf.resource.area, tool.permission or tool.id
    key = str(row[shelf.resource.listing.key])
    if tool.own_transactions:
        handed = await tool.run(work, row, values)
    async with shelf.services.database.begin() as connection:
        inside, old, new = within(work, connection), dict[str, Any](), recorded(values)
        if not tool.own_transactions:
            before = await shelf.locked(connection, key)
            if before is None or (tool.applies is not None and not tool.applies(before)):
                raise RequestError(Problem("row", "was changed meanwhile", "look at it again"))
            handed = await tool.run(inside, before, values)
            after = await shelf.locked(connection, key)
            old, new = recorded(before), {**recorded(after or {}), **new}
        if tool.audited:
            await note(inside, connection, area, name, key, old=old, new=new)
    return handed
