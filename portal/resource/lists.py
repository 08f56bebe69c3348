"""The handlers of a list: the page, its facets, JSON and CSV."""

from collections.abc import Sequence
from typing import Any, Final

from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect, Stream

from core.listing import rows
from core.listing.rows import Page
from core.records import RequestError
from portal.rendering import render_fragment, render_page
from portal.resource import documents, sheets, views
from portal.resource.declared import Resource
from portal.resource.openapi import list_operation
from portal.resource.shelf import Shelf, refuse_wrong
from portal.resource.state import VIEW, State, state_of
from portal.resource.view import filter_views, list_context
from portal.services import TheServices
from portal.signing_in import TheAccess, needs
from portal.texts import translated
from portal.twins import twin_route

NOTHING: Final = Page([], None, None)


def routes(resource: Resource) -> list[HTTPRouteHandler]:
    """The handlers of the list."""
    guards = [needs(resource.reads)]

    @get(resource.path, guards=guards, include_in_schema=False, name=f"{resource.id}:html")
    async def page(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Response[Any]:
        shelf = Shelf(resource, services, access)
        state = state_of(resource, request, services)
        if not request.url.query and (address := await views.opening(shelf, state)):
            return Redirect(address, status_code=303)
        return await list_page(request, shelf, state)

    @get(f"{resource.path}/count", guards=guards, include_in_schema=False)
    async def count(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Response[str]:
        shelf = Shelf(resource, services, access)
        state = state_of(resource, request, services)
        refuse_wrong(state)
        context = {"resource": resource, "count": await shelf.count(state)}
        html = render_fragment("resource/count.html.jinja", context)
        return Response(html, media_type=MediaType.HTML)

    @get(f"{resource.path}/facets", guards=guards, include_in_schema=False)
    async def facets(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Response[str]:
        shelf = Shelf(resource, services, access)
        state = state_of(resource, request, services)
        refuse_wrong(state)
        found = await rows.facet_counts(
            services.database.read, resource.listing, state.query, shelf.occasion
        )
        context = {"state": state, "filters": await filter_views(shelf, state), "facets": found}
        html = render_fragment("resource/facets.html.jinja", {**context, "resource": resource})
        return Response(html, media_type=MediaType.HTML)

    return [page, count, facets, *_twins(resource, guards)]


def _twins(resource: Resource, guards: Sequence[Any]) -> list[HTTPRouteHandler]:
    row = documents.row_type(resource)
    document = documents.list_type(row, resource)

    async def json(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Any:
        shelf = Shelf(resource, services, access)
        state = state_of(resource, request, services)
        refuse_wrong(state)
        page = await shelf.page(state)
        found = page, await shelf.total(state, page)
        return documents.list_document((row, document), resource, state.columns, found)

    json.__annotations__["return"] = document

    async def sheet(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Stream:
        shelf = Shelf(resource, services, access)
        state = state_of(resource, request, services)
        return await sheets.stream(shelf, state)

    return [
        get(
            twin_route(resource.path, "json"),
            guards=guards,
            operation_id=f"list_{resource.id.replace('-', '_')}",
            operation_class=list_operation(resource),
            summary=resource.title,
            description=f"{resource.many.capitalize()}, by filters, in an order, page by page.",
            name=f"{resource.id}:json",
        )(json),
        get(
            twin_route(resource.path, "csv"),
            guards=[needs(f"{resource.area}:export"), *guards],
            include_in_schema=False,
            name=f"{resource.id}:csv",
        )(sheet),
    ]


async def list_page(request: Request[Any, Any, Any], shelf: Shelf, state: State) -> Response[str]:
    """The list as HTML; what is wrong with its address is said in place, and nothing is listed."""
    problems = state.problems
    page, count = NOTHING, None
    if not problems and not state.wanting:
        try:
            page = await shelf.page(state)
            count = await shelf.total(state, page) if page.total is not None else None
        except RequestError as error:
            problems = error.problems
    context = {
        **await list_context(shelf, state, page, count),
        "problems_of_address": problems,
        "views": await views.links(shelf, state, request.query_params.get(VIEW, "")),
    }
    title = translated(shelf.resource.title)
    status = 400 if problems else 200
    return render_page(request, shelf.resource.template, title, context, status)
