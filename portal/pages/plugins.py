"""Plugins: all that they declare, and those that were left out."""

from typing import Final

from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from msgspec import Struct

from portal.presentation.catalogue import (
    DatapointDocument,
    GridSpecDocument,
    PluginCounts,
    ProblemDocument,
    SourceDocument,
    counts_of,
    datapoint_document,
    file_of,
    grid_spec_document,
    grouped,
    problem_document,
    source_document,
)
from portal.presentation.device import is_doubtful, rating, told_by
from portal.presentation.grid_picture import grid_picture
from portal.presentation.overlays import OverlayDocument, plugin_overlays
from portal.services import TheServices
from portal.texts import _
from portal.twins import Loaded, page

DATAPOINT_COLUMNS: Final = DatapointDocument.__struct_fields__


class PluginDocument(Struct, frozen=True):
    """A plugin and its datapoints; the page shows the other declarations too."""

    name: str
    origin: str
    file: str
    variants: list[str]
    counts: PluginCounts
    sources: list[SourceDocument]
    datapoints: list[DatapointDocument]
    overlays: list[OverlayDocument]
    grid_specs: list[GridSpecDocument]
    problems: list[ProblemDocument]


async def show_plugin(services: TheServices, name: FromPath[str]) -> Loaded[PluginDocument]:
    """Everything that a plugin declares."""
    registry = services.registry
    if (plugin := registry.plugins.get(name)) is None:
        raise NotFoundException(_("No plugin is named %(name)s.", name=repr(name)))
    datapoints = [datapoint_document(plugin, d) for d in plugin.datapoints]
    document = PluginDocument(
        plugin.name,
        plugin.origin,
        file_of(plugin),
        list(filter(None, plugin.variants)),
        counts_of(plugin),
        [source_document(s) for s in plugin.sources],
        datapoints,
        plugin_overlays(plugin),
        [grid_spec_document(plugin, g) for g in plugin.grid_specs],
        [problem_document(p) for p in registry.problems if p.plugin == name],
    )
    rows = [[_flat(getattr(d, n)) for n in DATAPOINT_COLUMNS] for d in datapoints]
    view = {
        "plugin": plugin,
        "rating": rating,
        "told_by": told_by,
        "groups": [
            (group, [datapoint_document(plugin, each) for each in some])
            for group, some in grouped(plugin.datapoints)
        ],
        "doubtful": is_doubtful,
        "grid_pictures": {g.id: grid_picture(plugin, g) for g in plugin.grid_specs},
    }
    return Loaded(document, name, rows, DATAPOINT_COLUMNS, ((_("Plugins"), "/plugins"),), view)


def _flat(value: object) -> str | float | None:
    return value if isinstance(value, str | int | float) else None


ROUTES: Final = [
    *page("/plugins/{name:str}", "plugin.html.jinja", show_plugin, permission="plugins:read"),
]
