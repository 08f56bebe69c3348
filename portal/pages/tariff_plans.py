"""Making, changing and removing the tariff plans of the site at which a system stands."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import Provide
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from core.access import Access
from core.records import ConflictError, RequestError
from core.tariffs import plans
from core.tariffs.differences import difference
from core.tariffs.plans import Plan
from core.tariffs.tariff import Tariff, currencies
from core.telemetry.half_hours import HALF_HOURS
from portal.pages.at_site import crumbs_of, path_of, the_plan, the_site, today_at
from portal.pages.device import Device, TheDevice, load_device
from portal.presentation.tariff_form import Typed, at_fields, empty, meant, typed_in, typed_of
from portal.presentation.tariffs import BANDS, DAYS, band_label, change_lines
from portal.rendering import render_page
from portal.resource.editing import typed_in as fields_in
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, address_of, needs
from portal.texts import _

ROOT: Final = "/systems/{sn:str}/site-settings/plans"
THE_DEVICE: Final = {"device": Provide(load_device)}
VERSION: Final = "version"


@get(
    f"{ROOT}/new",
    dependencies=THE_DEVICE,
    guards=[needs("tariffs:create")],
    include_in_schema=False,
)
async def new_plan(
    request: Request[Any, Any, Any],
    services: TheServices,
    access: TheAccess,
    device: TheDevice,
    kind: FromQuery[str] = "time_of_use",
) -> Response[str]:
    """An empty plan: a fixed price, or bands by time of use."""
    async with services.database.read() as connection:
        site = await the_site(connection, access, device)
        kept = await plans.of_site(connection, access, site.id)
    currency = kept[-1].tariff.currency if kept else site.place.currency
    typed = empty(
        is_fixed=kind == "fixed", currency=currency, valid_from=today_at(services, device)
    )
    return _form(request, device, typed)


@post(ROOT, dependencies=THE_DEVICE, guards=[needs("tariffs:create")], include_in_schema=False)
async def make_plan(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess, device: TheDevice
) -> Response[Any]:
    """Add what was typed to the plans of the site."""
    typed = typed_in(await fields_in(request))
    found = meant(typed)
    if found.tariff is None:
        return _form(request, device, typed, wrong=found.wrong, status=422)
    try:
        async with services.database.read() as connection:
            site = await the_site(connection, access, device)
        made = await save_new(request, services, site.id, found.tariff)
    except RequestError as error:
        return _form(request, device, typed, wrong=at_fields(error.problems), status=422)
    return saved(device, made.id, "made")


@get(
    f"{ROOT}/{{plan_id:int}}",
    dependencies=THE_DEVICE,
    guards=[needs("tariffs:edit")],
    include_in_schema=False,
)
async def the_form(  # noqa: PLR0917  a handler's parameters
    request: Request[Any, Any, Any],
    services: TheServices,
    access: TheAccess,
    device: TheDevice,
    plan_id: FromPath[int],
    kind: FromQuery[str] = "",
) -> Response[str]:
    """A plan as it is kept, to be changed; `kind=time_of_use` gives a fixed one more bands."""
    plan = await _plan(services, access, device, plan_id)
    typed = typed_of(plan.tariff)
    if kind == "time_of_use":
        typed = typed.by_time()
    return _form(request, device, typed, plan=plan)


@post(
    f"{ROOT}/{{plan_id:int}}",
    dependencies=THE_DEVICE,
    guards=[needs("tariffs:edit")],
    include_in_schema=False,
)
async def change_plan(
    request: Request[Any, Any, Any],
    services: TheServices,
    access: TheAccess,
    device: TheDevice,
    plan_id: FromPath[int],
) -> Response[Any]:
    """Let a plan say what was typed, unless somebody else changed it meanwhile."""
    fields = await fields_in(request)
    plan = await _plan(services, access, device, plan_id)
    typed = typed_in(fields)
    found = meant(typed)
    version = version_in(fields)
    if found.tariff is None:
        return _form(
            request, device, typed, plan=plan, version=version, wrong=found.wrong, status=422
        )
    try:
        await save_change(request, services, plan_id, found.tariff, version)
    except RequestError as error:
        wrong = at_fields(error.problems)
        return _form(request, device, typed, plan=plan, version=version, wrong=wrong, status=422)
    except ConflictError:
        now = await _plan(services, access, device, plan_id)
        return _form(request, device, typed, plan=now, yours=found.tariff, status=409)
    return saved(device, plan_id, "changed")


@get(
    f"{ROOT}/{{plan_id:int}}/remove",
    dependencies=THE_DEVICE,
    guards=[needs("tariffs:delete")],
    include_in_schema=False,
)
async def ask_removal(
    request: Request[Any, Any, Any],
    services: TheServices,
    access: TheAccess,
    device: TheDevice,
    plan_id: FromPath[int],
) -> Response[str]:
    """Whether a plan is to be removed, and what that would do."""
    plan = await _plan(services, access, device, plan_id)
    return _removal(request, device, plan)


@post(
    f"{ROOT}/{{plan_id:int}}/remove",
    dependencies=THE_DEVICE,
    guards=[needs("tariffs:delete")],
    include_in_schema=False,
)
async def remove_plan(
    request: Request[Any, Any, Any],
    services: TheServices,
    access: TheAccess,
    device: TheDevice,
    plan_id: FromPath[int],
) -> Response[Any]:
    """Remove a plan, with a reason, if it is still the one that was seen."""
    fields = await fields_in(request)
    plan = await _plan(services, access, device, plan_id)
    reason = (fields.get("reason") or [""])[-1].strip()
    if not reason:
        return _removal(request, device, plan, wrong=_("Say why; the audit keeps it."), status=422)
    try:
        async with services.database.begin() as connection:
            await plans.remove(
                connection,
                access,
                plan_id,
                version=version_in(fields),
                reason=reason,
                now=services.clock(),
                address=address_of(request),
            )
    except ConflictError:
        now = await _plan(services, access, device, plan_id)
        changed = _("Somebody else changed it meanwhile; this is what it says now.")
        return _removal(request, device, now, changed=changed, status=409)
    return Redirect(f"{path_of(device)}?done=removed#tariff", status_code=303)


async def save_new(
    request: Request[Any, Any, Any], services: Services, site_id: int, tariff: Tariff
) -> Plan:
    """Add a plan to those of a site; raises RequestError."""
    async with services.database.begin() as connection:
        return await plans.create(
            connection,
            request.user.access,
            site_id,
            tariff,
            now=services.clock(),
            address=address_of(request),
        )


async def save_change(
    request: Request[Any, Any, Any],
    services: Services,
    plan_id: int,
    tariff: Tariff,
    version: int,
) -> Plan:
    """Let a plan say something else; raises ConflictError and RequestError."""
    async with services.database.begin() as connection:
        return await plans.edit(
            connection,
            request.user.access,
            plan_id,
            tariff,
            version=version,
            now=services.clock(),
            address=address_of(request),
        )


def saved(device: Device, plan_id: int, done: str) -> Redirect:
    """On to the times to charge and discharge that follow from what was saved."""
    return Redirect(f"{path_of(device)}/plans/{plan_id}/windows?done={done}", status_code=303)


def version_in(fields: Mapping[str, list[str]]) -> int:
    """The version that a form was opened with; 0 is none."""
    said = (fields.get(VERSION) or [""])[-1]
    return int(said) if said.isascii() and said.isdecimal() else 0


async def _plan(services: Services, access: Access, device: Device, plan_id: int) -> Plan:
    async with services.database.read() as connection:
        _site, plan = await the_plan(connection, access, device, plan_id)
    return plan


def _form(
    request: Request[Any, Any, Any],
    device: Device,
    typed: Typed,
    *,
    plan: Plan | None = None,
    version: int | None = None,
    wrong: Mapping[str, str] | None = None,
    yours: Tariff | None = None,
    status: int = 200,
) -> Response[str]:
    """The editor; with `yours` beside what is stored now."""
    stale = []
    if plan is not None and yours is not None:
        stale = change_lines(difference(plan.tariff, yours), yours.currency)
    title = _("New tariff plan")
    if plan is not None:
        title = _("Change %(name)s", name=plan.tariff.name)
    base = path_of(device)
    context = {
        "device": device,
        "base": base,
        "action": f"{base}/plans/{plan.id}" if plan else f"{base}/plans",
        "plan": plan,
        "version": version if version is not None else (plan.version if plan else 0),
        "typed": typed,
        "wrong": wrong or {},
        "stale": stale,
        "days": DAYS,
        "half_hours": HALF_HOURS,
        "currencies": sorted(currencies()),
        "bands": [band_label(name) for name in BANDS],
        "crumbs": crumbs_of(device),
    }
    return render_page(request, "site/plan.html.jinja", title, context, status)


def _removal(
    request: Request[Any, Any, Any],
    device: Device,
    plan: Plan,
    *,
    wrong: str = "",
    changed: str = "",
    status: int = 200,
) -> Response[str]:
    context = {
        "device": device,
        "base": path_of(device),
        "plan": plan,
        "wrong": wrong,
        "changed": changed,
        "crumbs": crumbs_of(device),
    }
    title = _("Remove %(name)s", name=plan.tariff.name)
    return render_page(request, "site/remove_plan.html.jinja", title, context, status)


ROUTES: Final = [new_plan, make_plan, the_form, change_plan, ask_removal, remove_plan]
