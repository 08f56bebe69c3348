"""Times to charge and discharge that follow from a tariff: shown, tried, and sent to the device."""

from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from core.access import Access
from core.commanding import dry_runs
from core.commanding.grid_limits import limits_for
from core.commanding.policy import RISKS
from core.commanding.records import CommandRequest
from core.records import ConflictError, RequestError, ulid
from core.tariffs import telling
from core.tariffs.plans import Plan
from core.tariffs.tariff import DayType
from core.tariffs.windows import Schedule, schedule, windows_of
from portal.pages.at_site import crumbs_of, model_of, path_of, the_plan
from portal.pages.commands import ASK_TWICE, CONFIRM
from portal.pages.device import Device, TheDevice
from portal.pages.tariff_plans import ROOT, THE_DEVICE
from portal.presentation.commands import Preview, command_form, preview
from portal.presentation.tariff_words import sentence
from portal.presentation.tariffs import DAYS, window_lines
from portal.rendering import render_page
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, needs
from portal.texts import _, translated

SEEN: Final = "seen"
KEY: Final = "key"


@frozen
class Tried:
    """What a system would be told for a plan, and what each command would do."""

    schedule: Schedule
    previews: tuple[Preview, ...] = ()

    @property
    def can_be_sent(self) -> bool:
        return bool(self.previews) and all(each.can_be_sent for each in self.previews)

    @property
    def risk(self) -> str:
        """The highest of the commands'."""
        given = [each.form.command.risk for each in self.previews]
        return max(given, key=RISKS.index, default=RISKS[0])


@get(
    f"{ROOT}/{{plan_id:int}}/windows",
    dependencies=THE_DEVICE,
    guards=[needs("tariffs:read")],
    include_in_schema=False,
)
async def plan_windows(  # noqa: PLR0917  a handler's parameters
    request: Request[Any, Any, Any],
    services: TheServices,
    access: TheAccess,
    device: TheDevice,
    plan_id: FromPath[int],
    day: FromQuery[DayType] = "weekday",
) -> Response[str]:
    """The windows of a plan, and the commands that tell them to the device."""
    plan = await _plan(services, access, device, plan_id)
    return await _page(request, services, device, plan, day)


@post(
    f"{ROOT}/{{plan_id:int}}/windows",
    dependencies=THE_DEVICE,
    guards=[needs("systems:command")],
    include_in_schema=False,
)
async def send_windows(  # noqa: PLR0917  a handler's parameters
    request: Request[Any, Any, Any],
    services: TheServices,
    access: TheAccess,
    device: TheDevice,
    plan_id: FromPath[int],
    day: FromQuery[DayType] = "weekday",
) -> Response[Any]:
    """Send what was shown: every command, or none."""
    plan = await _plan(services, access, device, plan_id)
    form = {name: str(value) for name, value in (await request.form()).items()}
    tried = await _tried(services, device, plan, day)
    if form.get(CONFIRM) != "yes":
        return await _page(
            request, services, device, plan, day, translated(ASK_TWICE["disruptive"])
        )
    try:
        async with services.database.begin() as connection:
            await telling.tell(
                connection,
                services.registry,
                access,
                device.sn,
                tried.schedule.requests,
                seen=form.get(SEEN, ""),
                reason=_reason(plan, day),
                key=form.get(KEY, "")[:60],
                now=services.clock(),
            )
    except ConflictError:
        changed = _("It would be told something else by now: look at it again. Nothing was sent.")
        return await _page(request, services, device, plan, day, changed, 409)
    except RequestError as error:
        told = "; ".join(f"{place} {what}" for place, what in map(sentence, error.problems))
        return await _page(request, services, device, plan, day, told)
    services.hub.ring(device.sn)
    return Redirect(f"{path_of(device)}?done=sent#sent", status_code=303)


def _reason(plan: Plan, day: DayType) -> str:
    """What the instructions and the audit keep; they are in English, as JSON and logs are."""
    return f"windows of the tariff plan {plan.id} ({plan.tariff.name}), {day}"


async def _plan(services: Services, access: Access, device: Device, plan_id: int) -> Plan:
    async with services.database.read() as connection:
        _site, plan = await the_plan(connection, access, device, plan_id)
    return plan


async def _tried(services: Services, device: Device, plan: Plan, day: DayType) -> Tried:
    model = model_of(services, device)
    if model is None:
        return Tried(Schedule(windows_of(plan.tariff, day), (), (), ()))
    found = schedule(plan.tariff, model, day)
    return Tried(found, await _previews(services, device, found.requests))


async def _previews(
    services: Services, device: Device, requests: Sequence[CommandRequest]
) -> tuple[Preview, ...]:
    id_, system = device.record.id, device.system
    if system is None:
        return ()
    parts = [device.part(each.slot) for each in requests]
    meant = [(part, part.commands[each.name]) for part, each in zip(parts, requests, strict=True)]
    previews: list[Preview] = []
    async with services.database.read() as connection:
        limits = await limits_for(connection, services.registry, [id_], meant)
        for (part, command), each in zip(meant, requests, strict=True):
            found = await dry_runs.dry_run(connection, system, id_, each, limits)
            given = {key: str(value) for key, value in each.parameters.items()}
            held = limits.of(id_, part, command)
            form = command_form(part, command, device.readings, given, held)
            previews.append(preview(part, form, found, given))
    return tuple(previews)


async def _page(  # noqa: PLR0917  what there is to show
    request: Request[Any, Any, Any],
    services: Services,
    device: Device,
    plan: Plan,
    day: DayType,
    wrong: str = "",
    status: int = 0,
) -> Response[str]:
    tried = await _tried(services, device, plan, day)
    context = {
        "device": device,
        "base": path_of(device),
        "plan": plan,
        "day": day,
        "days": DAYS,
        "windows": window_lines(tried.schedule.windows),
        "tried": tried,
        "notes": [sentence(each) for each in tried.schedule.notes],
        "problems": [sentence(each) for each in tried.schedule.problems],
        "seen": telling.digest(tried.schedule.requests, device.sn),
        "key": ulid(services.clock()),
        "may_send": request.user.access.may("systems:command"),
        "wrong": wrong,
        "names": {"seen": SEEN, "key": KEY, "confirm": CONFIRM},
        "crumbs": crumbs_of(device),
    }
    title = _("Times to charge and discharge: %(name)s", name=plan.tariff.name)
    code = status or (422 if wrong else 200)
    return render_page(request, "site/windows.html.jinja", title, context, code)


ROUTES: Final = [plan_windows, send_windows]
