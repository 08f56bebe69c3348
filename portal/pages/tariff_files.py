"""Tariff plans as JSON: taken out, and taken in after a look at what would change."""

from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from core.access import Access
from core.fleet.sites import Site
from core.records import ConflictError, RequestError
from core.tariffs import plans
from core.tariffs.differences import difference
from core.tariffs.documents import LARGEST, WHERE, read, write
from core.tariffs.plans import Plan
from core.tariffs.tariff import Tariff
from core.thing_model.problems import Problem
from portal.pages.at_site import crumbs_of, path_of, the_plan, the_site
from portal.pages.device import Device, TheDevice
from portal.pages.tariff_plans import (
    ROOT,
    THE_DEVICE,
    VERSION,
    save_change,
    save_new,
    saved,
    version_in,
)
from portal.presentation.tariff_words import sentence
from portal.presentation.tariffs import change_lines
from portal.rendering import render_page
from portal.resource.editing import typed_in as fields_in
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, needs
from portal.texts import _

FILE: Final = "file"
TEXT: Final = "text"
STEP: Final = "step"
PLAN: Final = "plan"
MOST_BYTES: Final = 8 * LARGEST
"""A file of so many characters, and what a form puts around it."""


@frozen
class Sent:
    """What was sent: the text of a tariff, and the plan in whose place it is to be put.

    lost: that plan is not there any more.
    """

    text: str = ""
    plan: Plan | None = None
    lost: bool = False
    version: int = 0
    saves: bool = False


@get(
    f"{ROOT}/{{plan_id:int}}/file",
    dependencies=THE_DEVICE,
    guards=[needs("tariffs:read")],
    include_in_schema=False,
)
async def plan_file(
    services: TheServices, access: TheAccess, device: TheDevice, plan_id: FromPath[int]
) -> Response[str]:
    """A plan as a JSON file."""
    async with services.database.read() as connection:
        _site, plan = await the_plan(connection, access, device, plan_id)
    name = f"tariff-{plan.tariff.valid_from}.json"
    return Response(
        write(plan.tariff),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@get(
    f"{ROOT}/import", dependencies=THE_DEVICE, guards=[needs("tariffs:edit")],
    include_in_schema=False,
)  # fmt: skip
async def ask_file(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess, device: TheDevice
) -> Response[str]:
    """Asks for a JSON file, or its text."""
    _site, kept = await _kept(services, access, device)
    return _page(request, device, kept, Sent())


@post(
    f"{ROOT}/import",
    dependencies=THE_DEVICE,
    guards=[needs("tariffs:edit")],
    include_in_schema=False,
    request_max_body_size=MOST_BYTES,
)
async def take_file(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess, device: TheDevice
) -> Response[Any]:
    """What a file would change; saved when that was seen, and is still so."""
    site, kept = await _kept(services, access, device)
    sent = Sent()
    try:
        sent = await _sent(request, kept)
        tariff = _tariff(sent, kept)
        if not sent.saves:
            return _page(request, device, kept, sent, tariff=tariff)
        plan = await _save(request, services, site, sent, tariff)
    except RequestError as error:
        return _page(request, device, kept, sent, problems=error.problems, status=422)
    except ConflictError:
        _site, now = await _kept(services, access, device)
        current = next((each for each in now if sent.plan and each.id == sent.plan.id), None)
        again = Sent(sent.text, current)
        return _page(request, device, now, again, tariff=read(sent.text), status=409)
    return saved(device, plan.id, "changed" if sent.plan else "made")


async def _kept(services: Services, access: Access, device: Device) -> tuple[Site, list[Plan]]:
    async with services.database.read() as connection:
        site = await the_site(connection, access, device)
        return site, await plans.of_site(connection, access, site.id)


async def _sent(request: Request[Any, Any, Any], kept: Sequence[Plan]) -> Sent:
    """What a form sends; a file comes before what stands in the field."""
    fields = await fields_in(request)
    said = (fields.get(PLAN) or [""])[-1]
    plan = next((each for each in kept if str(each.id) == said), None)
    text = (fields.get(TEXT) or [""])[-1]
    file = (await request.form()).get(FILE)
    if isinstance(file, UploadFile) and file.filename:
        text = _decoded(await file.read())
    saves = fields.get(STEP) == ["save"]
    return Sent(text, plan, bool(said) and plan is None, version_in(fields), saves)


def _tariff(sent: Sent, kept: Sequence[Plan]) -> Tariff:
    """The tariff that was sent, if it fits among the site's plans; raises RequestError."""
    if sent.lost:
        what = _("The site has no such tariff plan, or not any more.")
        raise RequestError(Problem("", what))
    tariff = read(sent.text)
    if problems := list(plans.clashes(kept, tariff, sent.plan.id if sent.plan else None)):
        raise RequestError(*problems)
    return tariff


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        what = _("is no text in UTF-8")
        raise RequestError(Problem(WHERE, what)) from None


async def _save(
    request: Request[Any, Any, Any], services: Services, site: Site, sent: Sent, tariff: Tariff
) -> Plan:
    if sent.plan is not None:
        return await save_change(request, services, sent.plan.id, tariff, sent.version)
    return await save_new(request, services, site.id, tariff)


def _page(
    request: Request[Any, Any, Any],
    device: Device,
    kept: Sequence[Plan],
    sent: Sent,
    *,
    tariff: Tariff | None = None,
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> Response[str]:
    """The form, and above it what is wrong with the file, or what it would change."""
    lines = []
    if tariff is not None:
        found = difference(sent.plan.tariff if sent.plan else None, tariff)
        lines = change_lines(found, tariff.currency)
    context = {
        "device": device,
        "base": path_of(device),
        "kept": kept,
        "sent": sent,
        "tariff": tariff,
        "lines": lines,
        "version": sent.plan.version if sent.plan else 0,
        "problems": [sentence(problem) for problem in problems],
        "may_create": request.user.access.may("tariffs:create"),
        "status_code": status,
        "names": {"file": FILE, "text": TEXT, "step": STEP, "plan": PLAN, "version": VERSION},
        "crumbs": crumbs_of(device),
    }
    return render_page(
        request, "site/import_plan.html.jinja", _("Import a tariff"), context, status
    )


ROUTES: Final = [plan_file, ask_file, take_file]
