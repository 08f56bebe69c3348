"""Who is asking: the session's cookie, and what one must be signed in for."""

from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from core.accounts import sessions
from portal.services import Services

OPEN: Final = "open_to_all"
"""Handlers with this option need no session, and are told of one."""
SESSIONLESS: Final = "exclude_from_auth"
"""Handlers with this option ask nobody who is there; Litestar's name."""
MAY_OPERATE: Final = ("admin", "operator")


class SessionMiddleware(AbstractAuthenticationMiddleware):
    """Finds the session of a request; an id that accounts do not know is nobody's."""

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        services: Services = connection.app.state.services
        token = connection.cookies.get(cookie_name(services), "")
        session = await _session(services, token) if token else None
        if session is None and not connection.route_handler.opt.get(OPEN):
            raise NotAuthorizedException("sign in first")
        return AuthenticationResult(user=session, auth=token)


async def _session(services: Services, token: str) -> sessions.Session | None:
    now = services.clock()
    async with services.database.read() as connection:
        session = await sessions.by_token(connection, token, now)
    if session is not None and session.needs_touch(now):
        async with services.database.begin() as connection:
            await sessions.touch(connection, session.id, now)
    return session


def cookie_name(services: Services) -> str:
    return "__Host-session" if services.secure else "session"


def session_cookie(services: Services, token: str) -> Cookie:
    """The cookie that holds a session's token; an empty token takes it away."""
    return Cookie(
        key=cookie_name(services),
        value=token,
        path="/",
        httponly=True,
        samesite="lax",
        secure=services.secure,
        max_age=sessions.LIFE // 1000 if token else 0,
    )


def may_operate(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard: viewers look, they change nothing."""
    if connection.user is None or connection.user.role not in MAY_OPERATE:
        raise PermissionDeniedException("your role may look at this, and change nothing")


def address_of(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else ""
