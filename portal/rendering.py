"""Templates: one strict environment, the frame around every page, and live parts of one."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import unquote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from litestar.template.base import csrf_token
from markupsafe import Markup

from core.access import Access
from core.accounts.sessions import Session
from portal import menu, texts
from portal.assets import asset_url
from portal.presentation import house, quantities, readings, status, times
from portal.services import Services

YEAR: Final = 31_536_000
CHOSEN: Final[Mapping[str, tuple[str, ...]]] = {
    "theme": ("auto", "light", "dark"),
    "density": ("comfortable", "compact"),
    "shortcuts": ("on", "off"),
}
"""What the browser keeps in cookies of these names, the first being what is so without one."""
_AGE_TEXT: Final = re.compile(r"(<time [^>]*data-since[^>]*>)[^<]*")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do", "jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        texts.translated, texts.plural, newstyle=True
    )
    names: dict[str, Any] = environment.globals
    names |= {
        "asset": asset_url,
        "status": status,
        "UNPUBLISHED": readings.UNPUBLISHED,
        "ages": times.ages,
        "direction": house.direction,
        "shown_value": house.shown_value,
    }
    filters: dict[str, Any] = environment.filters
    filters |= {
        "quantity": quantities.quantity,
        "sum_of": quantities.sum_of,
        "limits": quantities.limits,
        "age": times.age,
        "iso": times.iso,
        "duration": times.duration,
        "slot": readings.slot_title,
        "words": _words,
        "translated": texts.translated,
    }
    return environment


def _words(text: str) -> str:
    return text.replace("_", " ")


ENVIRONMENT: Final = _environment()


def render_page(
    request: Request[Any, Any, Any],
    template: str,
    title: str,
    context: Mapping[str, Any],
    status_code: int = 200,
) -> Response[str]:
    """A page in the frame: menu, search, theme, who is signed in."""
    services: Services = request.app.state.services
    access = access_in(request)
    frame = {
        "title": title,
        "path": request.url.path,
        "query": request.query_params,
        "chosen": {name: chosen(request, name) for name in CHOSEN},
        "shut": request.cookies.get("shut", "").split("."),
        "with_query": _with_query(request),
        "language": texts.language().replace("_", "-"),
        "languages": {name.replace("_", "-"): own for name, own in texts.LANGUAGES.items()},
        "csrf": csrf_token({"request": request}),
        "session": _session(request),
        "menu": menu.tree(menu.ordered(access)),
        "news": services.watch.news(access) if access else (),
        "now": services.clock(),
        "zone": times.zone_of("", *clock_of(request)),
        "part": Parts(),
        "layout": "base.html.jinja",
        "crumbs": (),
    }
    html = ENVIRONMENT.get_template(template).render({**frame, **context})
    return Response(
        html,
        media_type=MediaType.HTML,
        status_code=status_code,
        cookies=list(_kept(request)),
    )


def access_in(request: Request[Any, Any, Any]) -> Access | None:
    """What whoever asks may do; None where nobody is signed in."""
    session = _session(request)
    return session.access if session is not None else None


def _session(request: Request[Any, Any, Any]) -> Session | None:
    """Whoever is signed in; nobody where a page failed before that was asked."""
    scope = cast("Mapping[str, Any]", request.scope)
    return scope.get("user")


def _kept(request: Request[Any, Any, Any]) -> Iterator[Cookie]:
    """A zone or language that the address names is kept for the pages after it."""
    if (zone := request.query_params.get("tz")) in times.CHOICES:
        yield Cookie(key="tz", value=zone, path="/", samesite="lax", max_age=YEAR)
    if language := texts.known(request.query_params.get("lang")):
        yield Cookie(key="lang", value=language, path="/", samesite="lax", max_age=YEAR)


def render_fragment(template: str, context: Mapping[str, Any]) -> str:
    """A piece of a page, for htmx."""
    return ENVIRONMENT.get_template(template).render(context)


def render_parts(
    request: Request[Any, Any, Any], template: str, context: Mapping[str, Any]
) -> "Parts":
    """A page as it is now, rendered; only its parts are kept."""
    services: Services = request.app.state.services
    parts = Parts()
    frame = {
        "with_query": _with_query(request),
        "now": services.clock(),
        "zone": times.zone_of("", *clock_of(request)),
        "part": parts,
        "layout": "bare.html.jinja",
    }
    render_fragment(template, {**frame, **context})
    return parts


def chosen(request: Request[Any, Any, Any], name: str) -> str:
    """What the browser keeps under a name of CHOSEN."""
    value = request.cookies.get(name, "")
    return value if value in CHOSEN[name] else CHOSEN[name][0]


def clock_of(request: Request[Any, Any, Any], tz: str | None = None) -> tuple[str, str]:
    """Which clock is asked for, by the address or else a cookie, and the reader's own zone."""
    wanted = tz or request.query_params.get("tz") or request.cookies.get("tz", "site")
    return wanted, unquote(request.cookies.get("zone", ""))


def _with_query(request: Request[Any, Any, Any]) -> Callable[..., str]:
    """The query of the address with some of it changed, as a link of the page needs it."""

    def changed(**changes: str) -> str:
        kept = [(n, v) for n, v in request.query_params.multi_items() if n not in changes]
        return f"?{urlencode([*kept, *changes.items()])}"

    return changed


class Parts(dict[str, str]):
    """The parts of a page that can change while it is open, by id, as they were rendered.

    A template marks one with `{% call part("id") %}`: a single element of that id. A part made with
    `around=true` holds others, and is sent itself only where others came or went.
    """

    def __init__(self) -> None:
        super().__init__()
        self.around: dict[str, str] = {}

    def __call__(
        self,
        name: str,
        around: bool = False,  # noqa: FBT001, FBT002  said in templates by name
        *,
        caller: Callable[[], Markup],
    ) -> Markup:
        html = caller()
        (self.around if around else self)[name] = html
        return html

    def changed_since(self, before: Mapping[str, str]) -> dict[str, str]:
        """Those that differ in more than how long ago something was."""
        changed = {name: html for name, html in self.items() if timeless(html) != before.get(name)}
        if self.keys() == before.keys():
            return changed
        held = "".join(self.around.values())
        loose = {name: html for name, html in changed.items() if f'id="{name}"' not in held}
        return {**self.around, **loose}

    def timeless(self) -> dict[str, str]:
        return {name: timeless(html) for name, html in self.items()}


def timeless(html: str) -> str:
    """The markup without the words that only tell an age; the browser counts those on."""
    return _AGE_TEXT.sub(r"\1", html)
