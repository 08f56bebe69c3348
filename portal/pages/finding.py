"""From anywhere to a page: the field for serial numbers, and the jump menu."""

from collections.abc import Iterator
from typing import Annotated, Final
from urllib.parse import urlencode

from attrs import frozen
from litestar import MediaType, Response, get
from litestar.params import QueryParameter
from litestar.response import Redirect

from core.access import Access
from core.fleet import scope
from core.fleet.listed import LISTING
from core.listing import rows
from core.listing.filters import Clock
from core.listing.query import Occasion, read_query
from portal import menu
from portal.rendering import render_fragment
from portal.services import Services, TheServices
from portal.signing_in import TheAccess
from portal.texts import N_, translated

EACH: Final = 8
"""Hits of one kind at most."""
Sought = Annotated[str, QueryParameter(name="q", description="What is sought", max_length=64)]


@frozen
class Hit:
    """A page that was found; `note` says more of it."""

    title: str
    route: str
    icon: str
    note: str = ""


@frozen
class Kind:
    """Hits of one kind."""

    title: str
    hits: tuple[Hit, ...]


@get("/find", include_in_schema=False)
async def find(services: TheServices, access: TheAccess, q: Sought = "") -> Redirect:
    """To the system of this very serial number, else to the list of those it is a part of."""
    sought = q.strip()
    async with services.database.read() as connection:
        record = await scope.by_sn(connection, access, sought.upper())
    if record is not None and access.may("systems:read"):
        return Redirect(f"/systems/{record.sn}", status_code=303)
    query = f"?{urlencode({'q': sought})}" if sought else ""
    return Redirect(f"/systems{query}", status_code=303)


@get("/jump", include_in_schema=False)
async def jump(services: TheServices, access: TheAccess, q: Sought = "") -> Response[str]:
    """The piece of the jump menu that shows what was found."""
    sought = q.strip()
    kinds = (
        Kind(N_("Pages"), tuple(_pages(access, sought))),
        Kind(N_("ESS systems"), await _systems(services, access, sought)),
        Kind(N_("Product models"), tuple(_products(services, access, sought))),
        Kind(N_("Plugins"), tuple(_plugins(services, access, sought))),
    )
    found = [kind for kind in kinds if kind.hits]
    html = render_fragment("frame/jump.html.jinja", {"kinds": found, "sought": sought})
    return Response(html, media_type=MediaType.HTML)


def _fits(sought: str, *texts: str) -> bool:
    return any(sought.casefold() in text.casefold() for text in texts)


def _pages(access: Access, sought: str) -> Iterator[Hit]:
    for item in menu.ordered(access):
        title = translated(item.title)
        if _fits(sought, title, item.title):
            yield Hit(title, item.route, item.icon)


async def _systems(services: Services, access: Access, sought: str) -> tuple[Hit, ...]:
    if not sought or not access.may("systems:read"):
        return ()
    now = services.clock()
    query, problems = read_query(LISTING, {"q": [sought]}, Clock(now))
    if problems:
        return ()
    occasion = Occasion(access, now, services.registry)
    names = ("sn", "name")
    page = await rows.page(services.database.read, LISTING, query, occasion, names, EACH)
    return tuple(Hit(r["sn"], f"/systems/{r['sn']}", "solar-panel", r["name"]) for r in page.rows)


def _products(services: Services, access: Access, sought: str) -> Iterator[Hit]:
    if not sought or not access.may("products:read"):
        return
    fitting = [p for p in services.registry.newest.values() if _fits(sought, p.id, p.name)]
    for product in fitting[:EACH]:
        yield Hit(product.name, f"/products/{product.id}", "versions", product.id)


def _plugins(services: Services, access: Access, sought: str) -> Iterator[Hit]:
    if not sought or not access.may("plugins:read"):
        return
    fitting = [name for name in sorted(services.registry.plugins) if _fits(sought, name)]
    for name in fitting[:EACH]:
        yield Hit(name, f"/plugins/{name}", "plug-connected")


ROUTES: Final = [find, jump]
