"""Uploading a plugin without Python: tried here, and kept until somebody accepts it."""

import asyncio
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect

from core.products import uploads
from core.products.uploads import Examined
from core.thing_model.problems import Problem
from portal.rendering import render_page
from portal.services import TheServices
from portal.signing_in import TheAccess, address_of, needs
from portal.texts import _

PATH: Final = "/plugin-uploads/new"
GUARDS: Final = [needs("plugins:read"), needs("plugins:create")]
FIELD: Final = "file"
MOST_BYTES: Final = 2_000_000


@get(PATH, guards=GUARDS, include_in_schema=False)
async def ask(request: Request[Any, Any, Any]) -> Response[str]:
    """Asks for the zip."""
    return _page(request)


@post(PATH, guards=GUARDS, include_in_schema=False, request_max_body_size=MOST_BYTES)
async def take(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Response[Any]:
    """Try the plugin of a zip; what it came to is shown, and kept if nothing is wrong."""
    sent = (await request.form()).get(FIELD)
    if not isinstance(sent, UploadFile) or not sent.filename:
        missing = Problem(FIELD, _("is missing"), _("choose the zip of a plugin"))
        return _page(request, Examined(b"", None, "none", (missing,)))
    content = await sent.read()
    examined = await asyncio.to_thread(uploads.examine, services.registry, content)
    if examined.problems:
        return _page(request, examined)
    async with services.database.begin() as connection:
        number = await uploads.offer(
            connection, access, examined, now=services.clock(), address=address_of(request)
        )
    return Redirect(f"/plugin-uploads/{number}", status_code=303)


def _page(request: Request[Any, Any, Any], found: Examined | None = None) -> Response[str]:
    crumbs = ((_("Uploaded plugins"), "/plugin-uploads"),)
    context = {"found": found, "field": FIELD, "crumbs": crumbs}
    status = 422 if found else 200
    title = _("Upload a plugin")
    return render_page(request, "configurations/new_upload.html.jinja", title, context, status)


ROUTES: Final = [ask, take]
