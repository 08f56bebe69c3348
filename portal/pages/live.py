"""The stream of an open device page: those of its parts that became different."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any, Final

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, ServerSentEventMessage

from core.access import Access
from portal.pages.device import Sn, device_of
from portal.pages.system import LOADS
from portal.pages.tabs import TABS, Tab
from portal.rendering import Parts, clock_of, render_fragment
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, needs, session_of
from portal.texts import _

KEEP_ALIVE: Final = 15.0
WATCHING_COMMANDS: Final = 1.0
"""Seconds between looks at the commands: their steps do not all come with a frame."""
WITH_COMMANDS: Final = ("commands", "site-settings")
CALM: Final = 0.25
"""Seconds between two looks at most, however fast frames come."""


@get("/systems/{sn:str}/live", guards=[needs("systems:read")], include_in_schema=False)
async def live(  # noqa: PLR0917  a handler's parameters
    request: Request[Any, Any, Any],
    services: TheServices,
    access: TheAccess,
    sn: Sn,
    tab: FromQuery[str] = "",
    tz: FromQuery[str] = "",
) -> ServerSentEvent:
    """Unnamed messages of `<hx-partial>`, the first with every part; a comment now and then."""
    if tab not in LOADS:
        raise NotFoundException(_("there is no tab %(name)s", name=repr(tab)))
    access.require(TABS[tab].permission)
    clock = clock_of(request, tz)
    await device_of(services, access, sn, *clock)
    return ServerSentEvent(_changes(services, request, sn, TABS[tab], clock))


async def _changes(
    services: Services, request: Request[Any, Any, Any], sn: str, tab: Tab, clock: tuple[str, str]
) -> AsyncGenerator[ServerSentEventMessage, None]:
    patience = WATCHING_COMMANDS if tab.id in WITH_COMMANDS else KEEP_ALIVE
    quiet = 0.0
    with services.hub.watch(sn) as bell:
        before: dict[str, str] = {}
        while not services.hub.closing.is_set():
            session = await session_of(services, request.auth)
            if session is None or not session.access.may(tab.permission):
                return
            parts = await _parts(services, session.access, sn, tab, clock)
            changed = parts.changed_since(before)
            before = parts.timeless()
            if changed:
                yield ServerSentEventMessage(data="".join(map(_partial, changed.items())))
                quiet = 0
            elif quiet >= KEEP_ALIVE:
                yield ServerSentEventMessage(data=None, comment="nothing new")
                quiet = 0
            await asyncio.sleep(CALM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), patience)
            quiet += patience
            bell.clear()


async def _parts(
    services: Services, access: Access, sn: str, tab: Tab, clock: tuple[str, str]
) -> Parts:
    """The tab as it is now, rendered; only its parts are kept."""
    device = await device_of(services, access, sn, *clock)
    loaded = await LOADS[tab.id](services=services, device=device)
    parts = Parts()
    context = {"document": loaded.document, **loaded.view, "part": parts, "now": services.clock()}
    render_fragment(tab.template, {**context, "layout": "bare.html.jinja"})
    return parts


def _partial(changed: tuple[str, str]) -> str:
    name, html = changed
    return f'<hx-partial hx-target="#{name}" hx-swap="outerMorph">{html}</hx-partial>'


ROUTES: Final = [live]
