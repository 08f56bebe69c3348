"""The stream of an open page: those of its parts that became different, as `<hx-partial>`."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Final

from litestar import Request
from litestar.response import ServerSentEventMessage

from core.access import Access
from portal.rendering import Parts
from portal.services import Services
from portal.signing_in import session_of

KEEP_ALIVE: Final = 15.0
"""Seconds until a silent stream says that it is still there."""


async def changes(
    services: Services,
    request: Request[Any, Any, Any],
    permission: str,
    look: Callable[[Access], Awaitable[Parts]],
    wait: Callable[[], Awaitable[None]],
) -> AsyncGenerator[ServerSentEventMessage, None]:
    """Unnamed messages, the first with every part; a comment now and then.

    It ends with the session, the permission, or the process. look: the parts as they are now.
    wait: returns when another look is worth it, after `KEEP_ALIVE` at the latest.
    """
    loop = asyncio.get_running_loop()
    said_at = loop.time()
    before: dict[str, str] = {}
    while not services.hub.closing.is_set():
        session = await session_of(services, request.auth)
        if session is None or not session.access.may(permission):
            return
        parts = await look(session.access)
        changed = parts.changed_since(before)
        before = parts.timeless()
        if changed:
            yield ServerSentEventMessage(data="".join(map(_partial, changed.items())))
            said_at = loop.time()
        elif loop.time() - said_at >= KEEP_ALIVE:
            yield ServerSentEventMessage(data=None, comment="nothing new")
            said_at = loop.time()
        await wait()


def _partial(changed: tuple[str, str]) -> str:
    name, html = changed
    return f'<hx-partial hx-target="#{name}" hx-swap="outerMorph">{html}</hx-partial>'
