"""A resource at hand for somebody: its pages, counts and rows, within what they may see."""

from collections.abc import Sequence

from attrs import frozen

from core.access import Access
from core.listing import rows
from core.listing.facets import Count
from core.listing.filters import Filter, column_of
from core.listing.query import Occasion
from core.listing.rows import Page
from core.listing.tables import Row
from core.records import Connection, RequestError
from core.thing_model.problems import Problem
from portal.resource.cells import names_in
from portal.resource.declared import Action, Choices, Column, FilterField, Resource
from portal.resource.state import State, more_of
from portal.services import Services


@frozen(eq=False)
class Shelf:
    """A resource, who asks for it, and where its rows are."""

    resource: Resource
    services: Services
    access: Access

    @property
    def occasion(self) -> Occasion:
        return Occasion(self.access, self.services.clock(), self.services.registry)

    def may(self, action: str) -> bool:
        return self.access.may(f"{self.resource.area}:{action}")

    def require(self, action: str) -> None:
        """Raises AccessError."""
        self.access.require(f"{self.resource.area}:{action}")

    def actions(self) -> list[Action]:
        """What the asker may do with rows."""
        return [a for a in self.resource.actions if self.may(a.permission or a.id)]

    async def page(self, state: State, limit: int = rows.PAGE) -> Page:
        """A page with everything that its columns show; raises RequestError."""
        names = self.names(state.columns)
        listing, occasion = self.resource.listing, self.occasion
        found = await rows.page(
            self.services.database.read, listing, state.query, occasion, names, limit
        )
        await self.complete(found.rows, state.columns)
        return found

    async def count(self, state: State) -> Count:
        read = self.services.database.read
        return await rows.count(read, self.resource.listing, state.query, self.occasion)

    async def total(self, state: State, page: Page) -> Count:
        """How many rows fit: known from the page, or counted."""
        if page.total is not None:
            return Count(min(page.total, rows.COUNT_CAP), page.total > rows.COUNT_CAP)
        return await self.count(state)

    async def by_keys(self, keys: Sequence[str], names: Sequence[str] = ()) -> list[Row]:
        """Rows by key, all columns unless some are named, but for what `complete` fills."""
        read = self.services.database.read
        return await rows.by_keys(read, self.resource.listing, keys, self.occasion, names)

    async def one(self, key: str) -> Row | None:
        """A row with all its columns; None where the asker sees none of this key."""
        found = await self.by_keys([key])
        await self.complete(found)
        return found[0] if found else None

    async def locked(self, connection: Connection, key: str) -> Row | None:
        """A row as it is in an open transaction, which nobody else changes until that ends."""
        return await rows.locked(connection, self.resource.listing, key, self.occasion)

    async def complete(self, found: list[Row], columns: Sequence[Column] = ()) -> None:
        """Fill what the listing has not; of the columns beside the declared ones those named."""
        resource = self.resource
        if resource.complete is not None and found:
            await resource.complete(self.services, self.occasion, found)
        more = more_of(resource, columns)
        if resource.more_columns is not None and found and more:
            await resource.more_columns.fill(self.services, more, found)

    def names(self, columns: Sequence[Column]) -> list[str]:
        """The columns of the listing that a page of these columns reads."""
        resource = self.resource
        linked = [name for column in columns for name in names_in(column.link)]
        ids = [column.id for column in columns]
        wanted = [resource.listing.key, *ids, *linked, *resource.needs, resource.zone]
        known = set(resource.listing.names)
        return [name for name in dict.fromkeys(wanted) if name in known]


def refuse_wrong(state: State) -> None:
    """Raises RequestError for an address that asks for what there is not."""
    if state.problems:
        raise RequestError(*state.problems)
    if state.wanting:
        what, hint = "is needed", f"give at least one of {', '.join(state.wanting)}"
        raise RequestError(Problem(state.wanting[0], what, hint))


def field_of(resource: Resource, filter: Filter) -> FilterField:
    """How a filter is asked for: as it was declared, or as its column is called."""
    declared = next((f for f in resource.filters if f.key == filter.key), None)
    column = resource.column(column_of(filter)) or resource.column(filter.key)
    label = column.label if column else filter.key.replace("_", " ").capitalize()
    choices: Choices = column.choices if column else dict[str, str]()
    if column and column.marks:
        choices = {value: mark.word for value, mark in column.marks.items()}
    if declared is None:
        return FilterField(filter.key, label, choices)
    return FilterField(
        filter.key,
        declared.label or label,
        declared.choices or choices,
        declared.hint,
        declared.first,
    )
