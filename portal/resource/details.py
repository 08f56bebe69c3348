"""The page of one row, and its JSON."""

from typing import Any

from attrs import evolve
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from core.listing.tables import Row
from portal.rendering import render_page
from portal.resource import documents
from portal.resource.cells import Shown, shown
from portal.resource.declared import Action, Form, Resource, chosen
from portal.resource.shelf import Shelf
from portal.services import TheServices
from portal.signing_in import TheAccess, needs
from portal.texts import translated
from portal.twins import twin_route


def routes(resource: Resource) -> list[HTTPRouteHandler]:
    """The handlers of a row's own page, where the resource has one."""
    if not resource.detail:
        return []
    guards = [needs(resource.reads)]
    path = f"{resource.path}/{{row:str}}"
    document = documents.row_type(resource)

    @get(path, guards=guards, include_in_schema=False, name=f"{resource.id}.one:html")
    async def page(
        request: Request[Any, Any, Any],
        services: TheServices,
        access: TheAccess,
        row: FromPath[str],
    ) -> Response[str]:
        shelf = Shelf(resource, services, access)
        return await detail_page(request, shelf, await row_of(shelf, row))

    async def json(services: TheServices, access: TheAccess, row: FromPath[str]) -> Struct:
        shelf = Shelf(resource, services, access)
        found = await row_of(shelf, row)
        return documents.row_document(document, resource, resource.columns, found)

    json.__annotations__["return"] = document
    twin = get(
        twin_route(path, "json"),
        guards=guards,
        operation_id=f"show_{resource.id.replace('-', '_')}",
        summary=f"One {resource.one}",
        description=f"All that is known of one {resource.one}.",
        name=f"{resource.id}.one:json",
    )(json)
    return [page, twin]


async def row_of(shelf: Shelf, key: str) -> Row:
    """The row of a key; raises NotFoundException where the asker sees none."""
    row = await shelf.one(key)
    if row is None:
        raise NotFoundException(f"There is no {shelf.resource.one} {key!r}.")
    return row


def title_of(resource: Resource, row: Row) -> str:
    """What a row is called: its first column."""
    return str(row.get(resource.columns[0].id) or row[resource.listing.key])


def cells_of(shelf: Shelf, row: Row) -> list[Shown]:
    """What is known of a row; the first cell does not lead to the page that it stands on."""
    resource = shelf.resource
    first, *others = [
        shown(resource, column, row, chosen(column.choices, shelf.services), shelf.access)
        for column in resource.columns
    ]
    return [first if first.column.link else evolve(first, link=""), *others]


def actions_on(shelf: Shelf, row: Row) -> list[Action]:
    """What the asker may do with this row as it is."""
    single = [action for action in shelf.actions() if action.single]
    return [a for a in single if a.applies is None or a.applies(row)]


def _changeable(form: Form | None, row: Row) -> bool:
    if form is None or form.edit is None:
        return False
    return form.applies is None or form.applies(row)


async def detail_page(request: Request[Any, Any, Any], shelf: Shelf, row: Row) -> Response[str]:
    """A row as HTML: a line for each column, and what can be done."""
    resource, own = shelf.resource, shelf.resource.detail_context
    form = resource.form
    context = {
        **(await own(shelf.services, shelf.occasion, row) if own is not None else {}),
        "resource": resource,
        "row": row,
        "key": str(row[resource.listing.key]),
        "cells": cells_of(shelf, row),
        "actions": actions_on(shelf, row),
        "may_edit": shelf.may("edit") and _changeable(form, row),
        "crumbs": ((translated(resource.title), resource.path),),
    }
    title = title_of(resource, row)
    return render_page(request, resource.detail_template, title, context)
