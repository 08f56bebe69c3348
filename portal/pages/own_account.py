"""One's own account: sessions, second factor, password and tokens."""

import io
from typing import Any, Final

import segno
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from markupsafe import Markup

from core.accounts import api_tokens, credentials, second_factor, sessions, users
from core.accounts.sign_in import SignInError
from core.records import RequestError
from core.sealing import Seal
from portal.pages.account import local
from portal.rendering import render_page
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, address_of, freshly_proved, session_cookie
from portal.texts import _

DAY: Final = 86_400_000
TOKEN_DAYS: Final = (7, 30, 90, 365)


@get("/account", include_in_schema=False)
async def account(request: Request[Any, Any, Any], services: TheServices) -> Response[str]:
    """Sessions, second factor, password, tokens."""
    return await _shown(request, services)


@post("/account/sessions/{session:int}/revoke", include_in_schema=False)
async def revoke_session(
    services: TheServices, access: TheAccess, session: FromPath[int]
) -> Redirect:
    """End one of one's own sessions."""
    async with services.database.begin() as connection:
        if not await sessions.revoke_one(connection, access.user_id or 0, session):
            raise NotFoundException("there is no such session")
    return Redirect("/account", status_code=303)


@get("/account/prove", include_in_schema=False)
async def prove_page(
    request: Request[Any, Any, Any], next: FromQuery[str] = "/account"
) -> Response[str]:
    """The form that asks for the password once more."""
    context = {"next": local(next), "failed": ""}
    return render_page(request, "account/prove.html.jinja", _("Is it you?"), context)


@post("/account/prove", include_in_schema=False)
async def prove(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Response[Any]:
    """Take the password: the session gets a new id, and is good for sensitive actions a while."""
    form = await request.form()
    wanted, now = local(str(form.get("next", "/account"))), services.clock()
    try:
        await credentials.prove(services.database.begin, access, str(form.get("password", "")), now)
    except SignInError as error:
        context = {"next": wanted, "failed": f"{str(error).capitalize()}."}
        return render_page(request, "account/prove.html.jinja", _("Is it you?"), context, 422)
    async with services.database.begin() as connection:
        token = await sessions.rotate(connection, request.auth, now)
    cookies = [session_cookie(services, token or "")]
    return Redirect(wanted, status_code=303, cookies=cookies)


@post("/account/password", include_in_schema=False)
async def change_password(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Response[Any]:
    """Change the password; every session is over, this one too."""
    form = await request.form()
    old, new = str(form.get("old_password", "")), str(form.get("password", ""))
    begin, now = services.database.begin, services.clock()
    try:
        await credentials.change(begin, access, old, new, address_of(request), now)
    except SignInError as error:
        return await _shown(request, services, failed=f"{str(error).capitalize()}.")
    except RequestError as error:
        return await _shown(request, services, failed=str(error))
    return Redirect("/sign-in", status_code=303)


@post("/account/second-factor", guards=[freshly_proved], include_in_schema=False)
async def begin_second_factor(services: TheServices, access: TheAccess) -> Redirect:
    """Make a secret, and show it as a picture for the app."""
    async with services.database.begin() as connection:
        await second_factor.begin(connection, _seal(services), access)
    return Redirect("/account#second-factor", status_code=303)


@post("/account/second-factor/confirm", guards=[freshly_proved], include_in_schema=False)
async def confirm_second_factor(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Response[Any]:
    """Take the app's first code, and show the recovery codes this once."""
    code = str((await request.form()).get("code", "")).replace(" ", "")
    now, address = services.clock(), address_of(request)
    try:
        async with services.database.begin() as connection:
            codes = await second_factor.confirm(
                connection,
                _seal(services),
                access,
                code,
                session_id=request.user.id,
                now=now,
                address=address,
            )
    except RequestError as error:
        return await _shown(request, services, failed=str(error))
    return await _shown(request, services, codes=codes)


@post("/account/second-factor/remove", guards=[freshly_proved], include_in_schema=False)
async def remove_second_factor(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Redirect:
    """Ask for no code any longer."""
    now, address = services.clock(), address_of(request)
    async with services.database.begin() as connection:
        await second_factor.remove(
            connection, access, access.user_id or 0, now=now, address=address
        )
    return Redirect("/account", status_code=303)


@post("/account/tokens", guards=[freshly_proved], include_in_schema=False)
async def make_token(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Response[Any]:
    """Make an API token, and show it this once."""
    form = await request.form()
    days = str(form.get("days", ""))
    life = int(days) if days in map(str, TOKEN_DAYS) else 0
    now, scopes = services.clock(), str(form.get("scopes", "")).split()
    try:
        async with services.database.begin() as connection:
            token = await api_tokens.make(
                connection,
                access,
                str(form.get("name", "")),
                scopes,
                expires_at=now + life * DAY,
                now=now,
                address=address_of(request),
                policy=services.policy,
            )
    except RequestError as error:
        return await _shown(request, services, failed=str(error))
    return await _shown(request, services, token=token)


@post("/account/tokens/{token:int}/revoke", include_in_schema=False)
async def revoke_token(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess, token: FromPath[int]
) -> Redirect:
    """Revoke one of one's own tokens."""
    now, address = services.clock(), address_of(request)
    async with services.database.begin() as connection:
        if not await api_tokens.revoke(connection, access, token, now=now, address=address):
            raise NotFoundException("there is no such token")
    return Redirect("/account", status_code=303)


async def _shown(
    request: Request[Any, Any, Any],
    services: Services,
    *,
    failed: str = "",
    token: str = "",
    codes: list[str] | None = None,
) -> Response[str]:
    access, now, seal = request.user.access, services.clock(), services.seal
    async with services.database.read() as connection:
        user = await users.by_id(connection, access.user_id)
        own = await sessions.of_user(connection, access.user_id, now, services.policy)
        tokens = await api_tokens.of_user(connection, access.user_id, now)
        address = await second_factor.pending(connection, seal, access) if seal else None
        left = await second_factor.codes_left(connection, access.user_id)
    context = {
        "user": user,
        "own": own,
        "tokens": tokens,
        "picture": _picture(address) if address else "",
        "can_seal": seal is not None,
        "left": left,
        "fresh": request.user.is_fresh(now, services.policy),
        "days": TOKEN_DAYS,
        "grants": sorted(access.grants),
        "failed": failed,
        "made": token,
        "codes": codes or [],
    }
    status = 422 if failed else 200
    return render_page(request, "account/account.html.jinja", _("Your account"), context, status)


def _seal(services: Services) -> Seal:
    if services.seal is None:
        raise PermissionDeniedException("set THINGWRIGHT_SECRET_KEY first: codes are kept sealed")
    return services.seal


def _picture(address: str) -> Markup:
    """The address as a QR code: SVG of segno's own making."""
    out = io.BytesIO()
    segno.make(address, error="m").save(
        out, kind="svg", scale=5, xmldecl=False, svgns=True, light="#fff", title="QR code"
    )
    return Markup(out.getvalue().decode())  # noqa: S704  nothing of a user is in it but modules


ROUTES: Final = [
    account,
    revoke_session,
    prove_page,
    prove,
    change_password,
    begin_second_factor,
    confirm_second_factor,
    remove_second_factor,
    make_token,
    revoke_token,
]
