"""Signing in by the OpenID provider: there and back again."""

import hmac
import logging
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery
from litestar.response import Redirect

from core.accounts import identities, tickets
from core.accounts.sign_in import SignInError
from core.runtime.settings import OpenId
from portal.open_id import OpenIdError, Secrets, discover, redeem
from portal.pages.account import code_form, entered, local, sign_in_form
from portal.services import Services, TheServices
from portal.signing_in import OPEN, address_of, client_of, origin
from portal.texts import translated

LOGGER: Final = logging.getLogger(__name__)
PATH: Final = "/sign-in/provider"
BACK: Final = f"{PATH}/back"
LIFE: Final = 600


class Way(msgspec.Struct):
    """A sign-in under way, as its ticket keeps it."""

    nonce: str
    verifier: str
    next: str


@get(PATH, opt={OPEN: True}, include_in_schema=False)
async def go(
    request: Request[Any, Any, Any], services: TheServices, next: FromQuery[str] = "/"
) -> Response[Any]:
    """Send the browser to the provider; the way back is good once, and in this browser alone."""
    given, kept = _given(services), Secrets.new()
    try:
        provider = await discover(given)
    except OpenIdError as error:
        return _failed(request, error)
    way = Way(kept.nonce, kept.verifier, local(next))
    async with services.database.begin() as connection:
        data = msgspec.json.encode(way).decode()
        state = await tickets.give(connection, "open_id", None, services.clock(), data)
    where = provider.address(_back(request, services), state, kept)
    return Redirect(where, status_code=303, cookies=[_cookie(services, state)])


@get(BACK, opt={OPEN: True}, include_in_schema=False)
async def back(request: Request[Any, Any, Any], services: TheServices) -> Response[Any]:
    """Take what the provider says, and begin a session."""
    said = request.query_params
    state, code, error = (str(said.get(name, "")) for name in ("state", "code", "error"))
    given, now = _given(services), services.clock()
    known = request.cookies.get(_cookie_name(services), "")
    if not state or not hmac.compare_digest(known.encode(), state.encode()):
        return _failed(request, OpenIdError("this sign-in was not begun in this browser"))
    async with services.database.begin() as connection:
        ticket = await tickets.spend(connection, "open_id", state, now)
    if ticket is None:
        return _failed(request, OpenIdError("this sign-in is over: begin again"))
    way = msgspec.json.decode(ticket.data, type=Way)
    if error or not code:
        return _failed(request, OpenIdError(f"the provider refused: {error[:64] or 'no code'}"))
    try:
        provider, kept = await discover(given), Secrets(way.nonce, way.verifier)
        claims = await redeem(provider, code, _back(request, services), kept, now)
        signed = await identities.sign_in(
            services.database.begin,
            claims,
            "read_only" if given.unknown == "read_only" else "refuse",
            address_of(request),
            now,
            client_of(request),
            services.policy,
        )
    except (OpenIdError, SignInError) as problem:
        return _failed(request, problem)
    if signed.needs_code:
        return code_form(request, signed.token, way.next, "", 200, {})
    return entered(services, signed.token, way.next)


def _given(services: Services) -> OpenId:
    if services.settings.open_id is None:
        raise NotFoundException("this installation has no OpenID provider")
    return services.settings.open_id


def _failed(request: Request[Any, Any, Any], error: ValueError) -> Response[str]:
    LOGGER.warning("signing in by the provider failed: %s", error)
    said = str(error)
    return sign_in_form(request, "/", translated(f"{said[:1].upper()}{said[1:]}."), 422)


def _back(request: Request[Any, Any, Any], services: Services) -> str:
    """The address that the provider sends the browser back to; it knows it beforehand."""
    return f"{origin(request, services)}{BACK}"


def _cookie_name(services: Services) -> str:
    return "__Host-provider" if services.secure else "provider"


def _cookie(services: Services, state: str) -> Cookie:
    return Cookie(
        key=_cookie_name(services),
        value=state,
        path="/",
        httponly=True,
        samesite="lax",
        secure=services.secure,
        max_age=LIFE,
    )


ROUTES: Final = [go, back]
