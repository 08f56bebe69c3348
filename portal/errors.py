"""When something goes wrong: a page for people, problem+json for machines, nothing internal."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import quote

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.types import Scope

from core.access import AccessError
from core.audit import entries
from core.records import RequestError
from portal.rendering import render_page
from portal.services import Services
from portal.texts import N_, _, translated

LOGGER: Final = logging.getLogger(__name__)
SAID: Final[Mapping[int, str]] = {
    400: N_("The request cannot be understood."),
    401: N_("Sign in first."),
    403: N_("You may not do this."),
    404: N_("There is no such page."),
    405: N_("This address does not take that kind of request."),
    413: N_("The request is too large."),
    422: N_("Something in the request is not right."),
    429: N_("Too many requests. Wait a little."),
    500: N_("Something broke on our side. It has been noted; try again."),
}

FORGED: Final = "CSRF token verification failed"
"""What Litestar says of a form that is not from a page of this browser's, or from an older one."""
OUTDATED: Final = N_(
    "Nothing was done: the form is older than your browser's cookies. "
    "Go back, load the page again, and send it anew."
)


def http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """An error with a status of its own."""
    if error.status_code == 401 and request.method == "GET" and not wants_json(request):
        return Redirect(f"/sign-in?next={quote(_asked_for(request), safe='')}", status_code=303)
    if error.status_code == 401 and isinstance(error.extra, dict) and not wants_json(request):
        context = {"next": request.url.path, "failed": "", "name": "", "kept": error.extra}
        context["provider"] = ""
        return render_page(request, "sign_in.html.jinja", _("Sign in"), context, 401)
    if error.status_code == 403 and error.detail == FORGED:
        return problem(request, 403, translated(OUTDATED))
    return problem(request, error.status_code, _detail(error))


def denied(request: Request[Any, Any, Any], error: AccessError) -> Response[Any]:
    """Somebody asked for what they may not do."""
    return problem(request, 403, str(error))


def refused(request: Request[Any, Any, Any], error: RequestError) -> Response[Any]:
    """Somebody asked for what cannot be; the message says what, where and how to mend it."""
    said = (f"{p.where}: {p.what}{f' ({p.hint})' if p.hint else ''}" for p in error.problems)
    return problem(request, 400, "; ".join(said))


async def note_denied(error: Exception, scope: Scope) -> None:
    """Tell the audit of a request that was denied."""
    said = cast("Mapping[str, Any]", scope)
    who = said.get("user")
    if not isinstance(error, AccessError) or who is None:
        return
    services: Services = scope["litestar_app"].state.services
    client = scope["client"]
    async with services.database.begin() as connection:
        await entries.record(
            connection,
            who.access,
            "accounts",
            "denied",
            error.permission,
            new={"request": f"{said.get('method', '')} {scope['path']}"[:200]},
            now=services.clock(),
            address=client[0] if client else "",
        )


def broken(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """An error that nobody foresaw."""
    LOGGER.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(request, 500, "")


def problem(request: Request[Any, Any, Any], status: int, detail: str) -> Response[Any]:
    """RFC 9457 for machines, a page for people."""
    title = HTTPStatus(status).phrase
    said = translated(SAID.get(status, N_("This did not work.")))
    if wants_json(request):
        body = {"type": "about:blank", "title": title, "status": status, "detail": detail or said}
        return Response(body, status_code=status, media_type="application/problem+json")
    context = {"code": status, "said": said, "detail": "" if detail == title else detail}
    return render_page(request, "error.html.jinja", title, context, status)


def wants_json(request: Request[Any, Any, Any]) -> bool:
    """Whether a machine is asking: by suffix, or by what it accepts."""
    accepted = request.headers.get("accept", "")
    twin = request.scope["state"].get("twin")
    return bool(twin) or ("json" in accepted and "text/html" not in accepted)


def _detail(error: HTTPException) -> str:
    """What may be told; validation errors name their parameters."""
    if error.status_code == 400 and isinstance(error.extra, list):
        found = cast("list[dict[str, str]]", error.extra)
        return "; ".join(f"{each.get('key', '')}: {each.get('message', '')}" for each in found)
    return error.detail if error.status_code < 500 else ""


def _asked_for(request: Request[Any, Any, Any]) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
