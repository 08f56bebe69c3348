"""The bell: how many notices somebody has not read, the newest of them, and reading them all."""

from typing import Any, Final

from litestar import MediaType, Request, Response, get, post
from litestar.response import Redirect
from litestar.template.base import csrf_token

from core.notifications import notices
from portal.presentation import times
from portal.rendering import access_in, clock_of, render_fragment
from portal.services import TheServices
from portal.signing_in import OPEN, UNTOUCHED, TheAccess, needs

LATEST: Final = 6
READS: Final = "home:read"


@get("/notices/bell", opt={OPEN: True, UNTOUCHED: True}, include_in_schema=False)
async def bell(request: Request[Any, Any, Any], services: TheServices) -> Response[Any]:
    """How many there are, for an open page that asks now and then.

    Strangers are refused here and not sent to sign in, which would be shown in the bell's place.
    """
    access = access_in(request)
    if access is None:
        return Response(None, status_code=401)
    access.require(READS)
    async with services.database.read() as connection:
        unread = await notices.unread(connection, access)
    number = unread + len(services.watch.news(access))
    html = render_fragment("frame/bell.html.jinja", {"number": number})
    return Response(html, media_type=MediaType.HTML)


@get("/notices/latest", guards=[needs(READS)], include_in_schema=False)
async def latest(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Response[str]:
    """The newest that are not read, for the pop-up of the bell."""
    async with services.database.read() as connection:
        found = await notices.newest(connection, access, LATEST)
        unread = await notices.unread(connection, access)
    context = {
        "notices": found,
        "unread": unread,
        "now": services.clock(),
        "zone": times.zone_of("", *clock_of(request)),
        "csrf": csrf_token({"request": request}),
    }
    html = render_fragment("frame/latest.html.jinja", context)
    return Response(html, media_type=MediaType.HTML)


@post("/notices/read-all", guards=[needs(READS)], include_in_schema=False)
async def read_all(services: TheServices, access: TheAccess) -> Redirect:
    """Note all of one's own as read."""
    async with services.database.begin() as connection:
        await notices.mark_read(connection, access, services.clock())
    return Redirect("/notices", status_code=303)


ROUTES: Final = [bell, latest, read_all]
