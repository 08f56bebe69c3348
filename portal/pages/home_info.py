"""Home info: the name, address, time zone and coordinates of the site at which a system stands."""

from typing import Any, Final

import attrs
from attrs import evolve
from litestar import Request, Response, get, post
from litestar.response import Redirect

from core.fleet import places, sites
from core.fleet.sites import Site
from core.records import ConflictError, RequestError
from portal.pages.at_site import crumbs_of, path_of, the_site
from portal.pages.device import Device, TheDevice
from portal.pages.tariff_plans import THE_DEVICE, VERSION, version_in
from portal.presentation.installing import PLACE, countries, zones
from portal.rendering import render_page
from portal.resource.declared import Field
from portal.resource.editing import typed_in
from portal.resource.forms import Entered, at_fields, read_form, typed_of
from portal.services import TheServices
from portal.signing_in import TheAccess, address_of, needs
from portal.texts import N_, _

ROOT: Final = "/systems/{sn:str}/site-settings/home"
GUARDS: Final = [needs("sites:edit")]
FIELDS: Final = (
    *PLACE,
    Field("latitude", N_("Latitude"), "number", low=-90, high=90, unit="°"),
    Field("longitude", N_("Longitude"), "number", low=-180, high=180, unit="°"),
)


def home_lines(site: Site) -> list[tuple[str, str]]:
    """What is said of a site, as the page lists it."""
    place = attrs.asdict(site.place)
    shown = {
        **place,
        "country": countries().get(site.place.country, site.place.country),
        "latitude": _degrees(site.place.latitude),
        "longitude": _degrees(site.place.longitude),
    }
    return [(each.label, shown[each.id]) for each in FIELDS]


def _degrees(said: float | None) -> str:
    return "" if said is None else f"{said:.5f}°"


@get(ROOT, dependencies=THE_DEVICE, guards=GUARDS, include_in_schema=False)
async def the_home(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess, device: TheDevice
) -> Response[str]:
    """The site as it is kept, to be changed."""
    async with services.database.read() as connection:
        site = await the_site(connection, access, device)
    entered = Entered(typed_of(FIELDS, attrs.asdict(site.place)), {})
    return _form(request, device, site, entered)


@post(ROOT, dependencies=THE_DEVICE, guards=GUARDS, include_in_schema=False)
async def change_home(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess, device: TheDevice
) -> Response[Any]:
    """Let the site say what was typed, unless somebody else changed it meanwhile."""
    typed = await typed_in(request)
    entered = read_form(FIELDS, typed, services)
    async with services.database.read() as connection:
        site = await the_site(connection, access, device)
    if entered.wrong:
        return _form(request, device, site, entered, status=422)
    place = evolve(site.place, **entered.values)
    known = places.of_country(place.country)
    if not place.timezone and len(known) == 1:
        place = evolve(place, timezone=known[0])
    try:
        async with services.database.begin() as connection:
            await sites.edit(
                connection,
                access,
                site.id,
                place,
                version=version_in(typed),
                now=services.clock(),
                address=address_of(request),
            )
    except RequestError as error:
        entered = evolve(entered, wrong=at_fields(FIELDS, error.problems))
        return _form(request, device, site, entered, status=422)
    except ConflictError:
        said = _("Somebody else changed this meanwhile: this is how it stands now.")
        now = Entered(typed_of(FIELDS, attrs.asdict(site.place)), {}, {"": said})
        return _form(request, device, site, now, status=409)
    return Redirect(f"{path_of(device)}?done=changed#home", status_code=303)


def _form(
    request: Request[Any, Any, Any],
    device: Device,
    site: Site,
    entered: Entered,
    status: int = 200,
) -> Response[str]:
    country = (entered.typed.get("country") or ("",))[-1]
    context = {
        "base": path_of(device),
        "fields": FIELDS,
        "entered": entered,
        "choices": {"country": countries(), "timezone": zones(country=country)},
        "version": (VERSION, site.version),
        "crumbs": crumbs_of(device),
    }
    return render_page(request, "site/edit_home.html.jinja", _("Home info"), context, status)


ROUTES: Final = [the_home, change_home]
