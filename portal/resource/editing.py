"""Making a row and changing one: the form, its errors at the fields, and two edits of one row."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from core.listing.tables import Row
from core.records import ConflictError, Connection, RequestError
from portal.rendering import render_page
from portal.resource.declared import Field, Form, Made, ManyMade, Resource, chosen
from portal.resource.details import row_of, title_of
from portal.resource.forms import Entered, at_fields, read_form, typed_of
from portal.resource.shelf import Shelf
from portal.resource.work import Work, note
from portal.services import TheServices
from portal.signing_in import TheAccess, address_of, needs, origin
from portal.texts import _, translated

VERSION = "_version"
REASON = "_reason"


class StaleError(Exception):
    """The row was changed since the form was opened; `row` is as it is now."""

    def __init__(self, row: Row) -> None:
        super().__init__("changed meanwhile")
        self.row = row


def routes(resource: Resource) -> list[HTTPRouteHandler]:
    """The handlers of the form, where there is one."""
    form = resource.form
    if form is None:
        return []
    making = _making(resource, form) if form.create is not None else []
    changing = _changing(resource, form) if form.edit is not None else []
    return [*making, *changing]


def _making(resource: Resource, form: Form) -> list[HTTPRouteHandler]:
    guards = [needs(f"{resource.area}:create")]
    fields = form.making

    @get(f"{resource.path}/new", guards=guards, include_in_schema=False)
    async def empty(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Response[str]:
        first = {each.id: each.initial for each in fields}
        entered = Entered(typed_of(fields, first), {})
        return form_page(request, Shelf(resource, services, access), fields, entered)

    @post(resource.path, guards=guards, include_in_schema=False)
    async def make(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Response[Any]:
        shelf = Shelf(resource, services, access)
        typed = await typed_in(request)
        entered = read_form(fields, typed, services)
        if entered.wrong:
            return form_page(request, shelf, fields, entered, status=422)
        try:
            made = await _make(shelf, form, entered, work_of(request, shelf, typed))
        except RequestError as error:
            wrong = at_fields(fields, error.problems)
            entered = Entered(typed, entered.values, wrong)
            return form_page(request, shelf, fields, entered, status=422)
        if isinstance(made, Made):
            return made_page(request, shelf, made)
        if isinstance(made, ManyMade):
            return Redirect(f"{resource.path}?{made.query}&done=made", status_code=303)
        return Redirect(_after(resource, made, "made"), status_code=303)

    return [empty, make]


async def _make(shelf: Shelf, form: Form, entered: Entered, work: Work) -> str | Made | ManyMade:
    async with shelf.services.database.begin() as connection:
        inside = within(work, connection)
        assert form.create is not None  # noqa: S101  routes exist only with it
        made = await form.create(inside, entered.values)
        if form.audited:
            key = made if isinstance(made, str) else made.key
            new = recorded(entered.values)
            await note(inside, connection, shelf.resource.area, "create", key, old={}, new=new)
    return made


def _changing(resource: Resource, form: Form) -> list[HTTPRouteHandler]:
    guards = [needs(f"{resource.area}:edit")]

    @get(f"{resource.path}/{{row:str}}/edit", guards=guards, include_in_schema=False)
    async def filled(
        request: Request[Any, Any, Any],
        services: TheServices,
        access: TheAccess,
        row: FromPath[str],
    ) -> Response[str]:
        shelf = Shelf(resource, services, access)
        found = await row_of(shelf, row)
        fields = form.changing(services, found)
        entered = Entered(typed_of(fields, found), {})
        return form_page(request, shelf, fields, entered, row=found)

    @post(f"{resource.path}/{{row:str}}", guards=guards, include_in_schema=False)
    async def change(
        request: Request[Any, Any, Any],
        services: TheServices,
        access: TheAccess,
        row: FromPath[str],
    ) -> Response[Any]:
        shelf = Shelf(resource, services, access)
        typed = await typed_in(request)
        found = await row_of(shelf, row)
        fields = form.changing(services, found)
        entered = read_form(fields, typed, services)
        if entered.wrong:
            return form_page(request, shelf, fields, entered, row=found, status=422)
        version = (typed.get(VERSION) or [""])[-1]
        try:
            await _change(shelf, form, (row, version, entered), work_of(request, shelf, typed))
        except StaleError as error:
            await shelf.complete([error.row])
            return form_page(request, shelf, fields, entered, row=error.row, status=409)
        except ConflictError:
            now = await row_of(shelf, row)
            return form_page(request, shelf, fields, entered, row=now, status=409)
        except RequestError as error:
            wrong = at_fields(fields, error.problems)
            entered = Entered(typed, entered.values, wrong)
            return form_page(request, shelf, fields, entered, row=found, status=422)
        return Redirect(_after(resource, row, "changed"), status_code=303)

    return [filled, change]


async def _change(shelf: Shelf, form: Form, wanted: tuple[str, str, Entered], work: Work) -> None:
    key, version, entered = wanted
    async with shelf.services.database.begin() as connection:
        inside = within(work, connection)
        row = await shelf.locked(connection, key)
        if row is None:
            raise NotFoundException(f"There is no {shelf.resource.one} {key!r} any more.")
        if str(row[form.version]) != version:
            raise StaleError(row)
        assert form.edit is not None  # noqa: S101  routes exist only with it
        await form.edit(inside, row, entered.values)
        if form.audited:
            new = recorded(entered.values)
            old = {name: row.get(name) for name in new}
            area = shelf.resource.area
            await note(inside, connection, area, "edit", key, old=recorded(old), new=new)


def recorded(values: Any) -> dict[str, Any]:
    """Values as the audit writes them."""
    return {name: _recorded(value) for name, value in dict(values).items()}


def _recorded(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return [_recorded(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return value.hex() if isinstance(value, bytes) else str(value)


async def typed_in(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    """The fields of a request's form; files are none."""
    form = await request.form()
    typed: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            typed.setdefault(name, []).append(value)
    return typed


def work_of(request: Request[Any, Any, Any], shelf: Shelf, typed: dict[str, list[str]]) -> Work:
    """Who changes something, when, from where and why."""
    reason = (typed.get(REASON) or [""])[-1].strip()
    now = shelf.services.clock()
    return Work(shelf.services, shelf.access, now, address_of(request), reason)


def within(work: Work, connection: Connection) -> Work:
    """The same work in an open transaction."""
    return Work(work.services, work.access, work.now, work.address, work.reason, connection)


def form_page(
    request: Request[Any, Any, Any],
    shelf: Shelf,
    fields: tuple[Field, ...],
    entered: Entered,
    *,
    row: Row | None = None,
    status: int = 200,
) -> Response[str]:
    """The form: of `row` where one is changed; with status 409 both versions beside each other."""
    resource, form = shelf.resource, shelf.resource.form
    key = "" if row is None else str(row[resource.listing.key])
    crumbs = [(translated(resource.title), resource.path)]
    if row is not None and resource.detail:
        crumbs.append((title_of(resource, row), f"{resource.path}/{key}"))
    context = {
        "resource": resource,
        "fields": fields,
        "choices": {each.id: chosen(each.choices, shelf.services) for each in fields},
        "entered": entered,
        "row": row,
        "key": key,
        "version": "" if row is None or form is None else row[form.version],
        "stale": list(_stale(fields, entered, row)) if row and status == 409 else [],
        "status_code": status,
        "crumbs": tuple(crumbs),
    }
    if row is None:
        title = f"{translated(form.new if form else '')}: {translated(resource.one)}"
    else:
        title = _("Change %(name)s", name=title_of(resource, row))
    return render_page(request, resource.form_template, title, context, status)


def made_page(request: Request[Any, Any, Any], shelf: Shelf, made: Made) -> Response[str]:
    """What was made, with the link that goes with it."""
    resource = shelf.resource
    where = f"{resource.path}/{made.key}" if resource.detail else resource.path
    context = {
        "resource": resource,
        "handed": made.handed,
        "origin": origin(request, shelf.services),
        "where": where,
        "crumbs": ((translated(resource.title), resource.path),),
    }
    return render_page(request, "resource/made.html.jinja", _("Saved"), context)


def _stale(fields: tuple[Field, ...], entered: Entered, row: Row) -> list[tuple[Field, Any, Any]]:
    """Fields whose value now differs from the one that was typed: label, theirs, yours."""
    there = typed_of(fields, row)
    return [
        (each, ", ".join(there[each.id]), ", ".join(entered.typed.get(each.id, ())))
        for each in fields
        if list(there[each.id]) != [text for text in entered.typed.get(each.id, ()) if text]
    ]


def _after(resource: Resource, key: str, done: str) -> str:
    where = f"{resource.path}/{key}" if resource.detail else resource.path
    return f"{where}?done={done}"
