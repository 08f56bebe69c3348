"""Links of invitations and resets: whoever opens one chooses a password, and is let in."""

from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from core.accounts import credentials, sign_in
from core.accounts.passwords import SHORTEST
from core.accounts.sign_in import SignInError
from core.accounts.users import User
from core.records import RequestError
from core.thing_model.problems import Problem
from portal.pages.account import code_form, entered
from portal.rendering import render_page
from portal.services import Services, TheServices
from portal.signing_in import OPEN, LinkPurpose, address_of, client_of
from portal.texts import N_, translated

TITLES: Final[dict[LinkPurpose, str]] = {
    "invite": N_("Welcome"),
    "reset": N_("Choose a new password"),
}


@get("/open/{purpose:str}", opt={OPEN: True}, include_in_schema=False)
async def link_page(
    request: Request[Any, Any, Any],
    services: TheServices,
    purpose: FromPath[LinkPurpose],
    token: FromQuery[str] = "",
) -> Response[str]:
    """The form; a link that is not good is told at once."""
    try:
        async with services.database.read() as connection:
            user = await credentials.holder(connection, purpose, token, services.clock())
    except RequestError as error:
        return _form(request, purpose, "", None, error.problems)
    return _form(request, purpose, token, user)


@post("/open/{purpose:str}", opt={OPEN: True}, include_in_schema=False)
async def open_link(
    request: Request[Any, Any, Any], services: TheServices, purpose: FromPath[LinkPurpose]
) -> Response[Any]:
    """Take the password, spend the link, and sign in."""
    form = await request.form()
    token, password, again = (str(form.get(key, "")) for key in ("token", "password", "again"))
    now, begin = services.clock(), services.database.begin
    try:
        async with services.database.read() as connection:
            user = await credentials.holder(connection, purpose, token, now)
    except RequestError as error:
        return _form(request, purpose, "", None, error.problems)
    if password != again:
        wrong = Problem("again", "is not the same", "enter the password twice")
        return _form(request, purpose, token, user, (wrong,))
    try:
        await credentials.choose(begin, purpose, token, password, address_of(request), now)
    except RequestError as error:
        return _form(request, purpose, token, user, error.problems)
    return await _let_in(request, services, user, password)


async def _let_in(
    request: Request[Any, Any, Any], services: Services, user: User, password: str
) -> Response[Any]:
    """On to the first page, by the second step where there is one, or to where it is set up."""
    begin, now, policy = services.database.begin, services.clock(), services.policy
    address, client = address_of(request), client_of(request)
    try:
        signed = await sign_in.sign_in(begin, user.name, password, address, now, client, policy)
    except SignInError:  # the password counts, but their type or company is kept out
        return Redirect("/sign-in", status_code=303)
    if signed.needs_code:
        return code_form(request, signed.token, "/", "", 200, {})
    missing = policy.second_factor and user.user_type == "A"
    return entered(services, signed.token, "/account#second-factor" if missing else "/")


def _form(
    request: Request[Any, Any, Any],
    purpose: LinkPurpose,
    token: str,
    user: User | None,
    problems: tuple[Problem, ...] = (),
) -> Response[str]:
    context = {
        "purpose": purpose,
        "token": token,
        "name": user.name if user else "",
        "failed": problems,
        "shortest": SHORTEST,
    }
    status = 422 if problems else 200
    return render_page(
        request, "account/link.html.jinja", translated(TITLES[purpose]), context, status
    )


ROUTES: Final = [link_page, open_link]
