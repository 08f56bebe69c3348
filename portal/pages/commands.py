"""Giving commands: a dry run first, then the command itself."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, Response, post
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from core.commanding import dry_runs, giving
from core.commanding.grid_limits import limits_for
from core.commanding.orders import Order
from core.commanding.records import CommandRequest
from core.records import RequestError
from core.registry import Part
from core.thing_model.command import Command
from portal.pages.device import Device, TheDevice, load_device
from portal.pages.system import system_commands
from portal.pages.tabs import TABS
from portal.presentation.commands import Preview, command_form, preview, values_of
from portal.rendering import render_fragment, render_page
from portal.services import Services, TheServices
from portal.signing_in import needs
from portal.texts import N_, _, translated

CONFIRM: Final = "confirm"
OURS: Final = ("_csrf_token", CONFIRM)
"""Fields of a form that are no parameters."""
ASK_TWICE: Final = {
    "disruptive": N_("Tick the box that confirms it"),
    "irreversible": N_("Type the serial number to confirm it"),
}


@post(
    "/systems/{sn:str}/commands/{slot:str}/{name:str}/preview",
    dependencies={"device": Provide(load_device)},
    guards=[needs("systems:command")],
    status_code=200,
    include_in_schema=False,
)
async def dry_run(
    request: Request[Any, Any, Any],
    services: TheServices,
    device: TheDevice,
    slot: FromPath[str],
    name: FromPath[str],
) -> Response[str]:
    """What the command would change, its bytes, or all that speaks against it."""
    given = await _given(request)
    found = await _preview(services, device, device.part(slot), _command(device, slot, name), given)
    return await _shown(request, services, device, found)


@post(
    "/systems/{sn:str}/commands/{slot:str}/{name:str}",
    dependencies={"device": Provide(load_device)},
    guards=[needs("systems:command")],
    include_in_schema=False,
)
async def submit(
    request: Request[Any, Any, Any],
    services: TheServices,
    device: TheDevice,
    slot: FromPath[str],
    name: FromPath[str],
) -> Response[Any]:
    """Queue the command, and go back to the list where its states can be watched."""
    given, command = await _given(request), _command(device, slot, name)
    part = device.part(slot)
    said = (await request.form()).get(CONFIRM, "")
    if not is_confirmed(command, device.sn, said):
        found = await _preview(services, device, part, command, given)
        return await _shown(request, services, device, found, translated(ASK_TWICE[command.risk]))
    wanted = CommandRequest(slot, name, values_of(part, command, given))
    try:
        async with services.database.begin() as connection:
            order = Order(wanted, (device.sn,))
            made = await giving.give(
                connection, services.registry, request.user.access, order, services.clock()
            )
    except RequestError:
        found = await _preview(services, device, part, command, given)
        return await _shown(request, services, device, found)
    services.hub.ring(device.sn)
    return Redirect(f"/systems/{device.sn}/commands?sent={made.id}", status_code=303)


def is_confirmed(command: Command, sn: str, said: str) -> bool:
    """Whether enough was said for the risk of the command."""
    if command.risk == "irreversible":
        return said.strip().upper() == sn
    return command.risk != "disruptive" or said == "yes"


async def _given(request: Request[Any, Any, Any]) -> dict[str, str]:
    form = await request.form()
    return {key: str(value) for key, value in form.items() if key not in OURS}


def _command(device: Device, slot: str, name: str) -> Command:
    if (command := device.part(slot).commands.get(name)) is None:
        raise NotFoundException(
            _(
                "%(slot)s of %(sn)s knows no command %(name)s",
                slot=slot,
                sn=device.sn,
                name=repr(name),
            )
        )
    return command


def _system(device: Device) -> Any:
    if device.system is None:
        raise NotFoundException(_("the product model of %(sn)s is not loaded", sn=device.sn))
    return device.system


async def _preview(
    services: Services, device: Device, part: Part, command: Command, given: Mapping[str, str]
) -> Preview:
    wanted = CommandRequest(part.slot, command.name, values_of(part, command, given))
    async with services.database.read() as connection:
        id_ = device.record.id
        limits = await limits_for(connection, services.registry, [id_], [(part, command)])
        found = await dry_runs.dry_run(connection, _system(device), id_, wanted, limits)
    form = command_form(part, command, device.readings, given, limits.of(id_, part, command))
    return preview(part, form, found, given)


async def _shown(
    request: Request[Any, Any, Any],
    services: Services,
    device: Device,
    found: Preview,
    missing: str = "",
) -> Response[str]:
    """The preview alone for htmx, the whole tab with it for a plain form."""
    code = 200 if found.can_be_sent and not missing else 422
    if request.headers.get("hx-request"):
        context = {"preview": found, "missing": missing, "device": device, "csrf": _token(request)}
        html = render_fragment("system/preview.html.jinja", context)
        return Response(html, media_type="text/html", status_code=code)
    loaded = await system_commands(services=services, device=device)
    context = {"document": loaded.document, "crumbs": loaded.crumbs, **loaded.view}
    context |= {"preview": found, "missing": missing}
    return render_page(request, TABS["commands"].template, loaded.title, context, code)


def _token(request: Request[Any, Any, Any]) -> str:
    return str(request.cookies.get("__Host-csrf") or request.cookies.get("csrf", ""))


ROUTES: Final = [dry_run, submit]
