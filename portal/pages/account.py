"""Setting up the first user, signing in and signing out."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request, Response, get, post
from litestar.params import FromQuery
from litestar.response import Redirect

from core.accounts import sessions, sign_in, users
from core.accounts.passwords import SHORTEST
from core.accounts.sign_in import SignInError, TooManyAttemptsError
from core.records import RequestError
from portal.rendering import render_page
from portal.services import Services, TheServices
from portal.signing_in import OPEN, address_of, client_of, session_cookie
from portal.texts import N_, _, translated

KEPT: Final = "kept:"
"""Before the names of fields that belong to another form, which is sent after signing in."""
REFUSALS: Final = (
    N_("Name and password do not belong together."),
    N_("This took too long: sign in again."),
    N_("The code is not right, or was used already."),
    N_("Nobody here is known by this account: ask an administrator."),
    N_("That is not your password."),
)
"""What core says by SignInError, marked here for translation."""
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@get("/setup", opt={OPEN: True}, include_in_schema=False)
async def setup_page(
    request: Request[Any, Any, Any], services: TheServices, token: FromQuery[str] = ""
) -> Any:
    """The form that makes the first user."""
    async with services.database.read() as connection:
        if await users.count(connection):
            return Redirect("/sign-in", status_code=303)
    return _setup(request, token, "", ())


@post("/setup", opt={OPEN: True}, include_in_schema=False)
async def set_up(request: Request[Any, Any, Any], services: TheServices) -> Response[Any]:
    """Make the first user, and sign in."""
    form = await request.form()
    name, password, token = (str(form.get(key, "")) for key in ("name", "password", "token"))
    now, begin = services.clock(), services.database.begin
    try:
        await users.set_up(begin, token, name, password, now)
    except RequestError as error:
        return _setup(request, token, name, error.problems)
    signed = await sign_in.sign_in(
        begin, name, password, address_of(request), now, client_of(request), services.policy
    )
    return entered(services, signed.token, "/")


@get("/sign-in", opt={OPEN: True}, include_in_schema=False)
async def sign_in_page(request: Request[Any, Any, Any], next: FromQuery[str] = "/") -> Any:
    """The form, unless somebody is signed in already."""
    if request.user is not None:
        return Redirect(local(next), status_code=303)
    return sign_in_form(request, next, "", 200)


@post("/sign-in", opt={OPEN: True}, include_in_schema=False)
async def enter(request: Request[Any, Any, Any], services: TheServices) -> Response[Any]:
    """Sign in: always a new session, and the one before is over."""
    form = await request.form()
    name, password, wanted = (str(form.get(key, "")) for key in ("name", "password", "next"))
    begin, address, client = services.database.begin, address_of(request), client_of(request)
    kept, now, policy = _kept(form), services.clock(), services.policy
    try:
        signed = await sign_in.sign_in(begin, name, password, address, now, client, policy)
    except SignInError as error:
        return _refused(sign_in_form(request, wanted, _said(error), 422, name, kept), error)
    await _leave(services, request.auth)
    if signed.needs_code:
        return code_form(request, signed.token, wanted, "", 200, kept)
    return _welcome(request, services, signed.token, wanted, kept)


@post("/sign-in/code", opt={OPEN: True}, include_in_schema=False)
async def enter_code(request: Request[Any, Any, Any], services: TheServices) -> Response[Any]:
    """The second step of signing in."""
    form = await request.form()
    ticket, code, wanted = (str(form.get(key, "")) for key in ("ticket", "code", "next"))
    begin, address, client = services.database.begin, address_of(request), client_of(request)
    kept, now, policy = _kept(form), services.clock(), services.policy
    if services.seal is None:
        return sign_in_form(
            request, wanted, _("This installation has no secret key."), 422, "", kept
        )
    try:
        signed = await sign_in.second_step(
            begin, services.seal, ticket, code, address, now, client, policy
        )
    except SignInError as error:
        return _refused(code_form(request, ticket, wanted, _said(error), 422, kept), error)
    return _welcome(request, services, signed.token, wanted, kept)


@post("/sign-out", opt={OPEN: True}, include_in_schema=False)
async def leave(request: Request[Any, Any, Any], services: TheServices) -> Response[Any]:
    """End the session here and in the database."""
    await _leave(services, request.auth)
    return entered(services, "", "/sign-in")


async def _leave(services: Services, token: str) -> None:
    if token:
        async with services.database.begin() as connection:
            await sessions.revoke(connection, token)


def entered(services: Services, token: str, where: str) -> Redirect:
    return Redirect(where, status_code=303, cookies=[session_cookie(services, token)])


def _setup(request: Request[Any, Any, Any], token: str, name: str, problems: Any) -> Response[str]:
    context = {"token": token, "name": name, "failed": problems, "shortest": SHORTEST}
    status = 422 if problems else 200
    return render_page(request, "setup.html.jinja", _("Set up"), context, status)


def sign_in_form(  # noqa: PLR0917  all that the form shows
    request: Request[Any, Any, Any],
    next: str,
    failed: str,
    status: int,
    name: str = "",
    kept: Mapping[str, str] = NOTHING,
) -> Response[str]:
    services: Services = request.app.state.services
    given = services.settings.open_id
    provider = urlsplit(given.issuer).hostname if given else ""
    context = {"next": local(next), "failed": failed, "name": name, "kept": kept}
    context |= {"provider": provider or ""}
    return render_page(request, "sign_in.html.jinja", _("Sign in"), context, status)


def code_form(  # noqa: PLR0917  all that the form shows
    request: Request[Any, Any, Any],
    ticket: str,
    next: str,
    failed: str,
    status: int,
    kept: Mapping[str, str],
) -> Response[str]:
    context = {"next": local(next), "failed": failed, "ticket": ticket, "kept": kept}
    return render_page(request, "account/code.html.jinja", _("Enter the code"), context, status)


def _welcome(
    request: Request[Any, Any, Any],
    services: Services,
    token: str,
    wanted: str,
    kept: Mapping[str, str],
) -> Response[Any]:
    """On to the page that was wanted; a form that the end of a session met is offered again."""
    if not kept:
        return entered(services, token, local(wanted))
    context = {"next": local(wanted), "kept": kept}
    page = render_page(request, "account/resend.html.jinja", _("You are signed in"), context)
    page.set_cookie(session_cookie(services, token))
    return page


def _said(error: SignInError) -> str:
    if isinstance(error, TooManyAttemptsError):
        return _("Too many attempts. Try again in %(seconds)s s.", seconds=error.retry_after)
    return translated(f"{str(error).capitalize()}.")


def _refused(answer: Response[str], error: SignInError) -> Response[str]:
    if isinstance(error, TooManyAttemptsError):
        answer.status_code = 429
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _kept(form: Any) -> dict[str, str]:
    """What a form carries for the form that the end of a session met."""
    return {name.removeprefix(KEPT): str(v) for name, v in form.items() if name.startswith(KEPT)}


def local(address: str) -> str:
    """An address of this portal; anything else becomes the first page."""
    if address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable():
        return address
    return "/"


ROUTES: Final = [setup_page, set_up, sign_in_page, enter, enter_code, leave]
