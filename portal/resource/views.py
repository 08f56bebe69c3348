"""Saved views of a list: each keeps filters, columns or order, and leaves the rest as it is."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from attrs import frozen
from litestar import Request, Response, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from core.listing.query import SORT
from core.views import views
from core.views.views import NewView, View
from portal.resource.declared import Resource
from portal.resource.editing import typed_in
from portal.resource.shelf import Shelf
from portal.resource.state import COLUMNS, PAUSED, VIEW, Pairs, State, pairs_of
from portal.services import TheServices
from portal.signing_in import TheAccess, needs

NONE: Final = "none"
"""The view of an address that wants none, not even the one that the list opens with."""


@frozen
class ViewLink:
    """A view and the address that it leads to from here."""

    view: View
    address: str
    is_now: bool


async def links(shelf: Shelf, state: State, now: str = "") -> list[ViewLink]:
    """The views that the asker may use, from the list as it is."""
    async with shelf.services.database.read() as connection:
        found = await views.of_resource(connection, shelf.access, shelf.resource.id)
    return [ViewLink(view, applied(state, view), str(view.id) == now) for view in found]


def applied(state: State, view: View) -> str:
    """The address of the list with the parts that a view keeps, and the others as they are."""
    address = state.address(
        filters=None if view.filters is None else pairs_of(view.filters),
        order=None if view.sort is None else _one(SORT, view.sort),
        shown=None if view.columns is None else _one(COLUMNS, view.columns),
    )
    return f"{address}{'&' if '?' in address else '?'}{VIEW}={view.id}"


def _one(name: str, value: str) -> Pairs:
    return [(name, value)] if value else []


async def opening(shelf: Shelf, state: State) -> str:
    """The address that a list without parameters opens with; "" where nobody chose a view."""
    if not shelf.access.may("views:read"):
        return ""
    found = await links(shelf, state)
    return next((link.address for link in found if link.view.opens), "")


def routes(resource: Resource) -> list[HTTPRouteHandler]:
    """The handlers that save, remove and choose views."""
    reading = needs(resource.reads)

    @post(f"{resource.path}/views", guards=[reading], include_in_schema=False)
    async def save(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Response[Any]:
        typed = await typed_in(request)
        async with services.database.begin() as connection:
            given = _new(resource, typed)
            made = await views.save(connection, access, given, services.clock())
            if typed.get("opens"):
                await views.open_with(connection, access, resource.id, made)
        return _back(resource, [*pairs_of(_last(typed, "_query")), (VIEW, str(made))])

    @post(f"{resource.path}/views/{{view:int}}/remove", guards=[reading], include_in_schema=False)
    async def remove(
        services: TheServices, access: TheAccess, view: FromPath[int]
    ) -> Response[Any]:
        async with services.database.begin() as connection:
            if not await views.remove(connection, access, view):
                raise NotFoundException("You have no such view.")
        return _back(resource, [(VIEW, NONE)])

    @post(f"{resource.path}/views/open", guards=[reading], include_in_schema=False)
    async def open_with(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Response[Any]:
        chosen = _last(await typed_in(request), "view")
        view = int(chosen) if chosen.isdecimal() and len(chosen) < 18 else None
        async with services.database.begin() as connection:
            await views.open_with(connection, access, resource.id, view)
        return _back(resource, [(VIEW, NONE)] if view is None else [])

    return [save, remove, open_with]


def _new(resource: Resource, typed: Mapping[str, Sequence[str]]) -> NewView:
    """The view that a form describes: the parts that were ticked, as the list has them."""
    pairs = pairs_of(_last(typed, "_query"))
    parts = set(typed.get("parts", ()))
    others = (SORT, COLUMNS, VIEW, PAUSED, "at", "tz")
    filters = urlencode([pair for pair in pairs if pair[0] not in others])
    said = dict(pairs)
    return NewView(
        resource.id,
        _last(typed, "name").strip(),
        shared=bool(typed.get("shared")),
        filters=filters if "filters" in parts else None,
        columns=said.get(COLUMNS, "") if "columns" in parts else None,
        sort=said.get(SORT, "") if "sort" in parts else None,
    )


def _last(typed: Mapping[str, Sequence[str]], name: str) -> str:
    return (typed.get(name) or [""])[-1]


def _back(resource: Resource, pairs: Pairs) -> Redirect:
    kept = [pair for pair in pairs if pair[0] != "at"]
    return Redirect(f"{resource.path}{'?' if kept else ''}{urlencode(kept)}", status_code=303)
