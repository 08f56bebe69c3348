"""What the list's template shows: filters with their fields, chips, heads, cells."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from attrs import evolve, frozen

from core.listing import rows
from core.listing.facets import Count
from core.listing.filters import Choice, Filter, Time
from core.listing.moments import instant
from core.listing.rows import Page
from core.listing.tables import Row
from portal.presentation.times import iso
from portal.resource.cells import Shown, shown
from portal.resource.declared import Column, ColumnGroup, Resource, chosen
from portal.resource.shelf import Shelf, field_of
from portal.resource.state import LIST, State


@frozen
class FilterView:
    """A filter as its field: `kind` names the macro, `values` what is chosen, by parameter."""

    key: str
    label: str
    kind: str
    hint: str
    first: bool
    choices: Mapping[str, str]
    values: Mapping[str, tuple[str, ...]]
    wrong: Mapping[str, str]

    @property
    def is_used(self) -> bool:
        return any(self.values.values()) or any(self.wrong.values())


@frozen
class Chip:
    """A value of a filter in words, and the address without it."""

    label: str
    text: str
    without: str


@frozen
class Head:
    """A column's head: `sort` is the address that sorts by it, `order` how it is sorted now."""

    column: Column
    sort: str
    order: str


@frozen
class Line:
    """A row: its key, and its cells."""

    key: str
    cells: list[Shown]
    row: Row


async def filter_views(shelf: Shelf, state: State) -> list[FilterView]:
    """The filters of a list, those of the toolbar first."""
    read = shelf.services.database.read
    there = await rows.choices(read, shelf.resource.listing, shelf.occasion)
    filters = shelf.resource.listing.filters
    views = [_filter_view(shelf, state, each, there.get(each.key, ())) for each in filters]
    return sorted(views, key=lambda view: not view.first)


def _filter_view(shelf: Shelf, state: State, asked: Filter, there: Sequence[str]) -> FilterView:
    """A filter with the values that there are, and those that were asked for, by their labels."""
    field = field_of(shelf.resource, asked)
    labels = chosen(field.choices, shelf.services)
    is_choice = isinstance(asked, Choice)
    values = dict.fromkeys([*there, *(state.query.said.get(asked.key, ()) if is_choice else ())])
    return FilterView(
        asked.key,
        field.label,
        type(asked).__name__.lower(),
        field.hint,
        field.first,
        {value: labels.get(value, value) for value in values},
        {name: state.query.said.get(name, ()) for name in asked.parameters},
        {name: state.wrong(name) for name in asked.parameters},
    )


def chips(shelf: Shelf, state: State) -> Iterator[Chip]:
    """The filters in use, each with the address without it."""
    for asked in shelf.resource.listing.filters:
        field = field_of(shelf.resource, asked)
        labels = chosen(field.choices, shelf.services)
        for name in asked.parameters:
            ending = name.removeprefix(asked.key).removeprefix(".")
            words = {"from": "≥ ", "to": "≤ ", "exact": "= "}.get(ending, "")
            for value in state.query.said.get(name, ()):
                text = f"{words}{labels.get(value, value)}"
                yield Chip(field.label, text, state.without((name, value)))


def heads(resource: Resource, state: State) -> Iterator[Head]:
    sorts = {sort.column: sort for sort in resource.listing.sorts}
    for column in state.columns:
        if (sort := sorts.get(column.id)) is None:
            yield Head(column, "", "")
            continue
        is_now = state.query.sort == column.id
        order = ("descending" if state.query.descending else "ascending") if is_now else "none"
        descending = not state.query.descending if is_now else sort.descending
        yield Head(column, state.sorted_by(column.id, descending=descending), order)


def lines(shelf: Shelf, state: State, found: Sequence[Row]) -> Iterator[Line]:
    resource, columns = shelf.resource, state.columns
    tail = f"?{urlencode({LIST: state.named})}" if resource.passes_on else ""
    labels = {column.id: chosen(column.choices, shelf.services) for column in columns}
    for row in found:
        cells = [shown(resource, c, row, labels[c.id], shelf.access) for c in columns]
        if cells and cells[0].link:
            cells[0] = evolve(cells[0], link=f"{cells[0].link}{tail}")
        yield Line(str(row[resource.listing.key]), cells, row)


def _offered(shelf: Shelf, page: Page) -> Sequence[ColumnGroup]:
    """The columns beside the declared ones that can be chosen for this page."""
    more = shelf.resource.more_columns
    return () if more is None else more.offer(shelf.services, page.rows)


def frozen_address(shelf: Shelf, state: State) -> str:
    """The list with its relative times as they are now, for good; "" where it has none."""
    filters = shelf.resource.listing.filters
    times = {name for each in filters if isinstance(each, Time) for name in each.parameters}
    said, now = state.filters(), shelf.occasion.now
    relative = {pair for pair in said if pair[0] in times and pair[1].startswith("now")}
    if not relative or state.problems:
        return ""
    fixed = [
        (name, iso(instant(text, now)) if (name, text) in relative else text) for name, text in said
    ]
    return state.address(filters=fixed)


async def list_context(
    shelf: Shelf, state: State, page: Page, count: Count | None
) -> dict[str, Any]:
    """All that `resource/list.html.jinja` shows."""
    resource, own = shelf.resource, shelf.resource.list_context
    asked = await filter_views(shelf, state)
    counted = {f.key for f in resource.listing.filters if isinstance(f, Choice) and f.facet}
    return {
        **(await own(shelf.services, shelf.occasion) if own is not None else {}),
        "resource": resource,
        "state": state,
        "frozen": frozen_address(shelf, state),
        "filters": asked,
        "chips": list(chips(shelf, state)),
        "heads": list(heads(resource, state)),
        "lines": list(lines(shelf, state, page.rows)),
        "page": page,
        "count": count,
        "wanting": [view.label for view in asked if view.key in state.wanting],
        "offered": _offered(shelf, page),
        "actions": [action for action in shelf.actions() if action.bulk],
        "may_create": resource.form is not None
        and resource.form.create is not None
        and shelf.may("create"),
        "may_import": resource.intake is not None and shelf.may("import"),
        "may_export": resource.export and shelf.may("export"),
        "may_save": shelf.access.may("views:create"),
        "facetted": [view.label for view in asked if view.key in counted and view.choices],
    }
