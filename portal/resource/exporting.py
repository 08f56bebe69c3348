"""Asking for an export that is too long for one answer: the worker writes its file."""

from typing import Any
from urllib.parse import urlencode

from attrs import evolve
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from core.jobs import jobs
from core.jobs.jobs import Kind, Task
from core.listing.filters import Clock
from portal.resource.declared import Resource
from portal.resource.editing import typed_in
from portal.resource.shelf import Shelf, refuse_wrong
from portal.resource.state import pairs_of, read_state
from portal.services import TheServices
from portal.signing_in import TheAccess, address_of, needs


def routes(resource: Resource) -> list[HTTPRouteHandler]:
    """The handler that queues an export."""
    if not resource.export:
        return []

    @post(
        f"{resource.path}/export",
        guards=[needs(f"{resource.area}:export")],
        include_in_schema=False,
    )
    async def export(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Redirect:
        shelf = Shelf(resource, services, access)
        typed = await typed_in(request)
        pairs = pairs_of((typed.get("_query") or [""])[-1])
        state = read_state(resource, pairs, Clock(services.clock()), services.registry)
        refuse_wrong(state)
        state = evolve(state, query=evolve(state.query, cursor=""))
        columns = resource.columns if typed.get("all_columns") else state.columns
        count = await shelf.count(state)
        task = Task(
            urlencode([*state.filters(), *state.order()]),
            columns=tuple(column.id for column in columns),
        )
        given: tuple[Kind, str, str, Task] = ("export", resource.id, resource.title, task)
        now = services.clock()
        async with services.database.begin() as connection:
            made = await jobs.ask(connection, access, given, count.number, now, address_of(request))
        return Redirect(f"/jobs/{made}", status_code=303)

    return [export]
