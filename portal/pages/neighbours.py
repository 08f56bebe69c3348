"""The systems before and behind one in the list that somebody came from, named by its address."""

from typing import Any, Final
from urllib.parse import urlencode

from attrs import evolve
from litestar import MediaType, Response, get
from litestar.params import FromQuery

from core.listing import cursors, rows
from core.listing.cursors import Place
from core.listing.filters import Clock
from core.listing.query import Occasion, Query
from core.records import RequestError
from portal.pages.device import Sn
from portal.pages.tabs import TABS
from portal.rendering import render_fragment
from portal.resource.state import LIST, pairs_of, read_state
from portal.resources.systems import SYSTEMS
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, needs

LONGEST: Final = 2_000


@get("/systems/{sn:str}/neighbours", guards=[needs("systems:read")], include_in_schema=False)
async def neighbours(
    services: TheServices,
    access: TheAccess,
    sn: Sn,
    list: FromQuery[str] = "",
    tab: FromQuery[str] = "",
) -> Response[str]:
    """Links to both, on the same tab; nothing where the address names no list that has it."""
    occasion = Occasion(access, services.clock(), services.registry)
    clock = Clock(occasion.now)
    state = read_state(SYSTEMS, pairs_of(list[:LONGEST]), clock, services.registry)
    around = [""] * 2
    if not state.problems:
        around = [
            await _beside(services, occasion, state.query, sn, before=before)
            for before in (True, False)
        ]
    shown = TABS.get(tab, TABS[""])
    links = [f"{shown.address(each)}?{urlencode({LIST: list})}" if each else "" for each in around]
    context: dict[str, Any] = {
        "before": (around[0], links[0]),
        "behind": (around[1], links[1]),
        "back": state.address(),
    }
    html = render_fragment("system/neighbours.html.jinja", context)
    return Response(html, media_type=MediaType.HTML)


async def _beside(
    services: Services, occasion: Occasion, query: Query, sn: str, *, before: bool
) -> str:
    """The serial number of the system next to one; empty where there is none."""
    listing, read = SYSTEMS.listing, services.database.read
    found = await rows.by_keys(read, listing, [sn], occasion, tuple({"sn", query.sort}))
    if not found:
        return ""
    place = Place(found[0][query.sort], sn, before)
    at = evolve(query, cursor=cursors.write(listing, query, place))
    try:
        page = await rows.page(read, listing, at, occasion, ("sn",), 1)
    except RequestError:
        return ""
    return str(page.rows[0]["sn"]) if page.rows else ""


ROUTES: Final = [neighbours]
