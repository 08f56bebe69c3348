"""The stream of an open device page: it looks again whenever the system said something."""

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
from portal.rendering import Parts, clock_of, render_parts
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, needs
from portal.streaming import KEEP_ALIVE, changes
from portal.texts import _

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
    """The parts of a tab as they change."""
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

    async def look(access: Access) -> Parts:
        device = await device_of(services, access, sn, *clock)
        loaded = await LOADS[tab.id](services=services, device=device)
        return render_parts(request, tab.template, loaded.context)

    with services.hub.watch(sn) as bell:

        async def wait() -> None:
            await asyncio.sleep(CALM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), patience)
            bell.clear()

        stream = changes(services, request, tab.permission, look, wait)
        async with contextlib.aclosing(stream):
            async for message in stream:
                yield message


ROUTES: Final = [live]
