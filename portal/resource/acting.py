"""Actions on rows: what would happen, why, then doing it, one row or many, and what came of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from attrs import evolve
from litestar import Request, Response, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from core.jobs import jobs
from core.jobs.jobs import Kind, Task
from core.listing import rows
from core.listing.filters import Clock
from core.records import RequestError
from core.thing_model.problems import Problem
from portal.rendering import render_page
from portal.resource.carrying import TOLD, Outcome, Selection, carry_out, chosen_rows
from portal.resource.declared import Action, Resource, chosen
from portal.resource.editing import typed_in, work_of
from portal.resource.forms import Entered, Typed, read_form, typed_of
from portal.resource.shelf import Shelf, refuse_wrong
from portal.resource.state import State, pairs_of, read_state
from portal.resource.work import Work
from portal.services import TheServices
from portal.signing_in import TheAccess, needs, origin
from portal.texts import translated

KEY: Final = "key"
ALL: Final = "_all"
QUERY: Final = "_query"
STEP: Final = "_step"
TYPED_COUNT: Final = "_count"
MOST_KEYS: Final = 1_000
MOST_ROWS: Final = 100_000
AT_ONCE: Final = 1_000
"""Rows that a request does itself; more are a job."""


def routes(resource: Resource) -> list[HTTPRouteHandler]:
    """The handler of the actions, where there are any."""
    if not resource.actions:
        return []

    @post(
        f"{resource.path}/act/{{action:str}}",
        guards=[needs(resource.reads)],
        include_in_schema=False,
    )
    async def act(
        request: Request[Any, Any, Any],
        services: TheServices,
        access: TheAccess,
        action: FromPath[str],
    ) -> Response[Any]:
        shelf = Shelf(resource, services, access)
        tool = resource.action(action)
        if tool is None:
            raise NotFoundException(f"There is no action {action!r}.")
        shelf.require(tool.permission or tool.id)
        typed = await typed_in(request)
        selection = selected(shelf, typed)
        _refuse_many(tool, selection)
        entered = _read(shelf, tool, typed)
        number = await _number(shelf, selection)
        if typed.get(STEP) != ["go"]:
            entered = Entered({**await _as_it_is(shelf, tool, selection), **typed}, {})
            return await _preview(request, shelf, tool, (selection, number, entered))
        wrong = {**entered.wrong, **_unsure(tool, number, typed)}
        if wrong:
            entered = Entered(typed, entered.values, wrong)
            return await _preview(request, shelf, tool, (selection, number, entered), 422)
        work = work_of(request, shelf, typed)
        if number > AT_ONCE and selection.state is not None:
            return await _queued(shelf, tool, (selection.state, typed), work, number)
        outcome = Outcome()
        async for batch in chosen_rows(shelf, selection):
            await carry_out(shelf, tool, batch, entered.values, work, outcome)
        return _told(request, shelf, tool, outcome, selection)

    return [act]


def selected(shelf: Shelf, typed: Mapping[str, Sequence[str]]) -> Selection:
    """The rows that a form names; raises RequestError."""
    keys = list(dict.fromkeys(typed.get(KEY, ())))
    if typed.get(ALL) != ["yes"]:
        if not keys or len(keys) > MOST_KEYS:
            what = f"{len(keys)} rows are chosen"
            hint = f"choose 1 to {MOST_KEYS} rows, or all that fit the filters"
            raise RequestError(_problem(KEY, what, hint))
        return Selection(keys)
    text = (typed.get(QUERY) or [""])[-1]
    clock = Clock(shelf.services.clock())
    state = read_state(shelf.resource, pairs_of(text), clock, shelf.services.registry)
    refuse_wrong(state)
    return Selection((), evolve(state, query=evolve(state.query, cursor="")))


def _refuse_many(tool: Action, selection: Selection) -> None:
    """What is for one row is not done with many, whatever a form says."""
    if not tool.bulk and (selection.is_all or len(selection.keys) > 1):
        raise RequestError(_problem(KEY, "are more rows than one", "do it with each by itself"))


async def _as_it_is(shelf: Shelf, tool: Action, selection: Selection) -> Typed:
    """The fields as the row has them, where it is one."""
    row = await shelf.one(selection.keys[0]) if tool.fields and len(selection.keys) == 1 else None
    return {} if row is None else typed_of(tool.fields, row)


def _problem(where: str, what: str, hint: str) -> Problem:
    return Problem(where, what, hint)


def _read(shelf: Shelf, tool: Action, typed: Mapping[str, Sequence[str]]) -> Entered:
    entered = read_form(tool.fields, typed, shelf.services)
    reason = (typed.get("_reason") or [""])[-1].strip()
    if len(reason) > 500:
        return evolve(entered, wrong={**entered.wrong, "_reason": "is longer than 500 characters"})
    if tool.asks_reason and not reason:
        return evolve(entered, wrong={**entered.wrong, "_reason": "say why"})
    return entered


def _unsure(tool: Action, number: int, typed: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Who disrupts many rows types their number."""
    if not asks_count(tool, number):
        return {}
    said = (typed.get(TYPED_COUNT) or [""])[-1].strip()
    return {} if said == str(number) else {TYPED_COUNT: f"type the number of rows, {number}"}


def asks_count(tool: Action, number: int) -> bool:
    return number > 1 and tool.risk in ("disruptive", "irreversible")


async def _number(shelf: Shelf, selection: Selection) -> int:
    if selection.state is None:
        return len(await shelf.by_keys(selection.keys, [shelf.resource.listing.key]))
    read = shelf.services.database.read
    query = selection.state.query
    count = await rows.count(read, shelf.resource.listing, query, shelf.occasion, MOST_ROWS)
    if count.capped:
        what = f"more than {MOST_ROWS:,} rows fit"
        raise RequestError(_problem(QUERY, what, "narrow the filters, and do it in parts"))
    return count.number


async def _queued(
    shelf: Shelf,
    tool: Action,
    asked: tuple[State, Mapping[str, Sequence[str]]],
    work: Work,
    number: int,
) -> Redirect:
    """Leave it to the worker, and lead to where its progress is seen."""
    state, typed = asked
    query = urlencode(state.filters())
    values = {each.id: list(typed.get(each.id, ())) for each in tool.fields}
    task = Task(query, action=tool.id, values=values, reason=work.reason)
    given: tuple[Kind, str, str, Task] = ("action", shelf.resource.id, tool.label, task)
    async with shelf.services.database.begin() as connection:
        made = await jobs.ask(connection, work.access, given, number, work.now, work.address)
    return Redirect(f"/jobs/{made}", status_code=303)


async def _preview(
    request: Request[Any, Any, Any],
    shelf: Shelf,
    tool: Action,
    wanted: tuple[Selection, int, Entered],
    status: int = 200,
) -> Response[str]:
    selection, number, entered = wanted
    resource = shelf.resource
    fitting, others, some = await _sorted_out(shelf, tool, selection, number)
    context = {
        "resource": resource,
        "action": tool,
        "selection": selection,
        "query": request.query_params,
        "selected_query": selection.state.address().partition("?")[2] if selection.state else "",
        "number": number,
        "fitting": fitting,
        "others": others,
        "some": some,
        "entered": entered,
        "choices": {each.id: chosen(each.choices, shelf.services) for each in tool.fields},
        "asks_count": asks_count(tool, number),
        "crumbs": ((translated(resource.title), resource.path),),
    }
    return render_page(request, "resource/act.html.jinja", translated(tool.label), context, status)


async def _sorted_out(
    shelf: Shelf, tool: Action, selection: Selection, number: int
) -> tuple[int, int, list[str]]:
    """How many rows the action makes sense for and how many not, and the first of the former.

    Of very many rows the first ones are looked at; the others are taken to be like them.
    """
    others, some, seen = 0, list[str](), 0
    first = shelf.resource.columns[0].id
    async for batch in chosen_rows(shelf, selection):
        for row in batch:
            seen += 1
            if tool.applies is not None and not tool.applies(row):
                others += 1
            elif len(some) < TOLD:
                some.append(str(row.get(first) or row[shelf.resource.listing.key]))
        if seen >= AT_ONCE:
            break
    return number - others, others, some


def _told(
    request: Request[Any, Any, Any],
    shelf: Shelf,
    tool: Action,
    outcome: Outcome,
    selection: Selection,
) -> Response[str]:
    resource = shelf.resource
    back = selection.state.address() if selection.state else resource.path
    single = resource.detail and len(selection.keys) == 1
    context = {
        "resource": resource,
        "action": tool,
        "outcome": outcome,
        "origin": origin(request, shelf.services),
        "back": back,
        "row_path": f"{resource.path}/{quote(selection.keys[0], safe='')}" if single else "",
        "crumbs": ((translated(resource.title), resource.path),),
    }
    return render_page(request, "resource/outcome.html.jinja", translated(tool.label), context)
