"""Installing new equipment: device, end user, site and terms, each asked for, then done at once.

Each page carries what the ones before it asked, and each step looks at all of that again.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.response import Redirect

from core.access import Access
from core.fleet import end_users, installing
from core.fleet.end_users import EndUser
from core.fleet.installations import CLOSED, InstalledError
from core.fleet.installing import Account, Order
from core.records import RequestError
from portal.pages.install_steps import READERS, Desk, Found, WrongStepError, sites_of
from portal.presentation.installing import FIELDS, FIND, STEPS, Draft, countries, zones
from portal.presentation.times import zone_of
from portal.rendering import clock_of, render_page
from portal.resource.declared import chosen
from portal.resource.editing import typed_in
from portal.resource.forms import Entered, Typed, at_fields
from portal.resources.systems import MODES
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, needs
from portal.texts import _

PATH: Final = "/install"
GUARDS: Final = [needs("installations:create")]


@get(PATH, guards=GUARDS, include_in_schema=False)
async def begin(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Response[str]:
    """The first step; the address may say the serial number."""
    typed = {"sn": [request.query_params.get("sn", "").upper()[:24]]}
    desk = _desk(request, services, access, typed)
    return await _page(desk, "device", Found(), Entered(typed, {}))


@post(PATH, guards=GUARDS, include_in_schema=False, status_code=200)
async def proceed(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Response[Any]:
    """The step that is asked for, or an earlier one that does not hold; at the end it is done."""
    typed = await typed_in(request)
    typed["sn"] = [said.strip().upper() for said in typed.get("sn", ())]
    desk, found = _desk(request, services, access, typed), Found()
    wanted = desk.draft.wanted
    for step, reader in READERS.items():
        if step == wanted:
            return await _page(desk, step, found, Entered(_begun(desk, step, found), {}))
        try:
            found = await reader(desk, found)
        except WrongStepError as error:
            return await _page(desk, step, found, error.entered, error.status)
    if wanted:
        return await _page(desk, wanted, found, Entered(typed, {}))
    return await _done(desk, found)


def _desk(
    request: Request[Any, Any, Any], services: Services, access: Access, typed: Typed
) -> Desk:
    zone = zone_of("", *clock_of(request))
    return Desk(request, services, access, zone, Draft(typed), services.clock())


async def _done(desk: Desk, found: Found) -> Response[Any]:
    """Install, and lead to the record of it."""
    assert found.system and found.owner and found.site and found.terms  # noqa: S101, PT018  read
    order = Order(found.system.sn, found.owner, found.site, found.terms)
    try:
        async with desk.services.database.begin() as connection:
            made = await installing.install(
                connection, desk.access, order, now=desk.now, address=desk.address
            )
    except RequestError as error:
        wrong = at_fields((), error.problems)
        status = 409 if isinstance(error, InstalledError) else 422
        return await _page(desk, "confirm", found, Entered(desk.draft.typed, {}, wrong), status)
    return Redirect(f"/installation-records/{made.record_id}?done=installed", status_code=303)


async def _page(
    desk: Desk, step: str, found: Found, entered: Entered, status: int = 200
) -> Response[str]:
    fields, order = FIELDS[step], list(STEPS)
    choices = {each.id: chosen(each.choices, desk.services) for each in fields}
    if step == "site":
        choices["timezone"] = zones(country=(entered.typed.get("country") or ("",))[-1])
    own: Mapping[str, Any] = await _OWN[step](desk, found) if step in _OWN else {}
    context = {
        "step": step,
        "steps": STEPS,
        "earlier": order[: order.index(step)],
        "draft": desk.draft,
        "found": found,
        "fields": fields,
        "entered": entered,
        "choices": choices,
        "zone": desk.zone,
        **own,
    }
    title = _("Installing new equipment")
    return render_page(desk.request, f"installing/{step}.html.jinja", title, context, status)


async def _candidates(desk: Desk, _found: Found) -> Mapping[str, Any]:
    """Who was found, and who was chosen before."""
    draft, access = desk.draft, desk.access
    searched = draft.said(FIND)
    found: list[EndUser | Account] = []
    async with desk.services.database.read() as connection:
        if searched:
            found = await installing.candidates(connection, access, searched)
        kind, _dash, number = draft.said("owner").partition("-")
        if kind == "end_user" and number.isdecimal():
            before = await end_users.by_id(connection, access, int(number[:18]))
            if before is not None and before.id not in {each.id for each in found}:
                found.insert(0, before)
    listed = [
        {
            "ref": f"{'end_user' if isinstance(each, EndUser) else 'account'}-{each.id}",
            "contact": each.contact,
            "state": each.state,
            "is_closed": each.state in CLOSED,
        }
        for each in found
    ]
    return {"candidates": listed, "searched": searched}


async def _sites(desk: Desk, found: Found) -> Mapping[str, Any]:
    return {"sites": await sites_of(desk, found.owner), "countries": countries()}


async def _summary(desk: Desk, found: Found) -> Mapping[str, Any]:
    assert found.system  # noqa: S101  the steps before it hold
    product = desk.services.registry.newest.get(found.system.product_id)
    return {
        "product": product.name if product else found.system.product_id,
        "countries": countries(),
        "place": found.place,
        "modes": MODES,
        "is_new_owner": not isinstance(found.owner, EndUser),
    }


_OWN: Final = {"owner": _candidates, "site": _sites, "confirm": _summary}


def _begun(desk: Desk, step: str, found: Found) -> Typed:
    """What was typed, or in a step that nobody was at what is likely."""
    typed = desk.draft.typed
    likely: dict[str, str] = {}
    if step == "site" and found.system is not None:
        likely = {"country": found.system.country, "timezone": found.system.timezone}
    if step == "terms":
        zone = ZoneInfo(found.place.timezone) if found.place.timezone else UTC
        likely = {"installed_on": str(datetime.fromtimestamp(desk.now / 1000, zone).date())}
    return {**{name: [said] for name, said in likely.items() if said}, **typed}


ROUTES: Final = [begin, proceed]
