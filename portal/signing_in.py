"""Who is asking: the session's cookie or an API token, and what one needs to be let in."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal, cast

from attrs import frozen
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.params import SkipValidation
from litestar.types import Receive, Scope, Send

from core.access import Access
from core.accounts import api_tokens, sessions, users
from core.accounts.sessions import Session
from portal.services import Services

LinkPurpose = Literal["invite", "reset"]
OPEN: Final = "open_to_all"
"""Handlers with this option need no session, and are told of one."""
UNTOUCHED: Final = "leaves_the_session"
"""Handlers with this option are asked by an open page, not by a person: they keep no session."""
SESSIONLESS: Final = "exclude_from_auth"
"""Handlers with this option ask nobody who is there; Litestar's name."""
FORGOTTEN: Final = ("password", "code", "_csrf_token", "token")
"""Words in the names of fields that are not carried over a sign-in."""
BEARER: Final = "Bearer "
TWIN_PREFIX: Final = "/.json/"
"""How the routes begin that an API token opens: the JSON twins, which only read."""


@frozen
class Machine:
    """Whoever asks with an API token, which is no session and opens no page."""

    access: Access


class SessionMiddleware(AbstractAuthenticationMiddleware):
    """Finds who makes a request; an id that accounts do not know is nobody's."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["receive"] = receive  # the request that Litestar asks with cannot read
        await super().__call__(scope, receive, send)

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        services: Services = connection.app.state.services
        said = connection.headers.get("authorization", "")
        if said.startswith(BEARER):
            machine = await _machine(services, connection, said.removeprefix(BEARER).strip())
            return AuthenticationResult(user=machine, auth="")
        token = connection.cookies.get(cookie_name(services), "")
        opt = connection.route_handler.opt
        touching = not opt.get(UNTOUCHED)
        session = await session_of(services, token, touching=touching) if token else None
        if session is None and not opt.get(OPEN):
            raise NotAuthorizedException("sign in first", extra=await _entered(connection))
        policy = services.policy
        if session is not None and policy.second_factor and not _may_wait(connection):
            await _demand_second_factor(services, session)
        return AuthenticationResult(user=session, auth=token)


async def _machine(
    services: Services, connection: ASGIConnection[Any, Any, Any, Any], token: str
) -> Machine:
    if not connection.scope["path"].startswith(TWIN_PREFIX):
        raise NotAuthorizedException("an API token opens the .json addresses only")
    async with services.database.begin() as writing:
        access = await api_tokens.access_of(writing, token, services.clock(), services.policy)
    if access is None:
        raise NotAuthorizedException("the API token is not good, or no longer")
    return Machine(access)


async def _entered(connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, str]:
    """What was typed into a form whose session is over, but for secrets: it shall not be lost.

    Only of a form of ours: what another site sends is not kept, for it was not typed here.
    """
    if cast("Mapping[str, Any]", connection.scope).get("method") != "POST":
        return {}
    receive: Receive = connection.scope["state"]["receive"]
    form = await Request[Any, Any, Any](connection.scope, receive).form()
    services: Services = connection.app.state.services
    ours = connection.cookies.get("__Host-csrf" if services.secure else "csrf", "")
    if not ours or not secrets.compare_digest(str(form.get("_csrf_token", "")), ours):
        return {}
    return {
        name: value
        for name, value in form.items()
        if isinstance(value, str) and not any(word in name for word in FORGOTTEN)
    }


def _may_wait(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    return connection.scope["path"].startswith(("/account", "/sign-", "/static"))


async def _demand_second_factor(services: Services, session: Session) -> None:
    """Raises PermissionDeniedException for an A user who must set up a second factor first."""
    if session.access.user_type != "A":
        return
    async with services.database.read() as connection:
        user = await users.by_id(connection, session.user_id)
    if user is None or not user.has_second_factor:
        raise PermissionDeniedException("set up a second factor first, at /account")


async def session_of(services: Services, token: str, *, touching: bool = True) -> Session | None:
    """The session of a token, noted as in use if `touching`; None where it is nobody's."""
    now = services.clock()
    async with services.database.read() as connection:
        session = await sessions.by_token(connection, token, now, services.policy)
    if touching and session is not None and session.needs_touch(now):
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
        max_age=services.policy.life // 1000 if token else 0,
    )


TheAccess = SkipValidation[NamedDependency[Access]]
"""Who asks and what they may, as a handler or loader asks for it."""


async def access_of(request: Request[Any, Any, Any]) -> Access:
    """The access of a request; raises NotAuthorizedException where nobody is signed in."""
    if request.user is None:
        raise NotAuthorizedException("sign in first")
    access: Access = request.user.access
    return access


def needs(
    permission: str,
) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]:
    """A guard: whoever asks must have this permission; raises AccessError."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        if connection.user is None:
            raise NotAuthorizedException("sign in first")
        connection.user.access.require(permission)

    return guard


async def freshly_proved(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """A guard for sensitive actions: password or code were asked for a few minutes ago."""
    services: Services = connection.app.state.services
    session = connection.user
    if not isinstance(session, Session) or not session.is_fresh(services.clock(), services.policy):
        raise PermissionDeniedException("prove that it is you first: /account/prove")


def link_path(purpose: LinkPurpose, token: str) -> str:
    """The path of a link by which somebody chooses a password, as it is given out."""
    return f"/open/{purpose}?token={token}"


def origin(request: Request[Any, Any, Any], services: Services) -> str:
    """How addresses of this portal begin, as people reach it."""
    scheme = "https" if services.secure else request.url.scheme
    return f"{scheme}://{request.url.netloc}"


def address_of(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else ""


def client_of(request: Request[Any, Any, Any]) -> str:
    """What the browser says that it is."""
    return request.headers.get("user-agent", "")
