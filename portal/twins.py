"""A page and its twins: one function loads a document, HTML, JSON and CSV show the same.

`/systems` is the page, `/systems.json` the document as it is, `/systems.csv` its rows.
"""

import csv
import io
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar, get_args, get_type_hints

from attrs import field, frozen
from litestar import Request, Response, get
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import SkipValidation
from msgspec import Struct

from core.spreadsheet import safe_cell
from portal.rendering import render_page
from portal.signing_in import needs

Document = TypeVar("Document", bound=Struct)
Rows = Iterable[Sequence[str | float | bool | None]]
Load = Callable[..., Awaitable["Loaded[Any]"]]

TWINS: Final = ("json", "csv")


@frozen
class Loaded(Generic[Document]):
    """What a page shows: the document of its twins, and what only the HTML needs beside it."""

    document: Document
    title: str
    rows: Rows = ()
    header: tuple[str, ...] = ()
    crumbs: tuple[tuple[str, str], ...] = ()
    view: Mapping[str, Any] = field(factory=dict[str, Any])

    @property
    def context(self) -> dict[str, Any]:
        """What a template is rendered with, beside the frame."""
        return {"document": self.document, "crumbs": self.crumbs, **self.view}


TheLoaded = SkipValidation[NamedDependency[Any]]
"""What a page's `load` returned, as its handlers ask for it."""


def page(
    path: str,
    template: str,
    load: Load,
    *,
    permission: str,
    twin: str = "",
    **dependencies: Callable[..., Any],
) -> list[HTTPRouteHandler]:
    """The handlers of a page: `load` is a dependency, its parameters are path and query.

    `permission` is what one needs to see it. `twin` is the path that JSON and CSV go by, where it
    is another; `dependencies` are what `load` takes beside them.
    """
    document: Any = get_args(get_type_hints(load)["return"])[0]
    given_by = {name: Provide(given) for name, given in {**dependencies, "loaded": load}.items()}

    guards = [needs(permission)]

    async def html(request: Request[Any, Any, Any], loaded: TheLoaded) -> Response[str]:
        return render_page(request, template, loaded.title, loaded.context)

    async def json(loaded: TheLoaded) -> Any:
        return loaded.document

    async def sheet(request: Request[Any, Any, Any], loaded: TheLoaded) -> Response[str]:
        return _csv(request, loaded)

    json.__annotations__["return"] = document
    json.__doc__ = load.__doc__
    name = load.__name__
    return [
        get(
            path,
            dependencies=given_by,
            guards=guards,
            include_in_schema=False,
            name=f"{name}:html",
        )(html),
        get(
            twin_route(twin or path, "json"),
            dependencies=given_by,
            guards=guards,
            operation_id=name,
            summary=name.replace("_", " ").capitalize(),
            description=load.__doc__,
            name=f"{name}:json",
        )(json),
        get(
            twin_route(twin or path, "csv"),
            dependencies=given_by,
            guards=guards,
            include_in_schema=False,
            name=f"{name}:csv",
        )(sheet),
    ]


def twin_route(path: str, suffix: str) -> str:
    """Where a twin is routed inside: `/systems.json` is found as `/.json/systems`."""
    return f"/.{suffix}{path}"


def routed(path: str) -> str:
    """The route of a path as people write it."""
    for suffix in TWINS:
        if path.endswith(f".{suffix}") and not path.startswith("/static/"):
            return twin_route(path.removesuffix(f".{suffix}"), suffix)
    return path


def written(route: str) -> str:
    """The inverse of `routed`."""
    for suffix in TWINS:
        if route.startswith(f"/.{suffix}/"):
            return f"{route.removeprefix(f'/.{suffix}')}.{suffix}"
    return route


def _csv(request: Request[Any, Any, Any], loaded: Loaded[Any]) -> Response[str]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(loaded.header)
    writer.writerows([safe_cell(cell) for cell in row] for row in loaded.rows)
    name = request.url.path.strip("/").replace("/", "-")
    disposition = f'attachment; filename="{name}"'
    return Response(
        text.getvalue(),
        media_type="text/csv",
        headers={"Content-Disposition": disposition},
    )
