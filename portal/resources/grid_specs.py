"""Grid specifications: what a country's grid asks of an inverter, with pictures."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from core.listing.filters import Choice, Text
from core.listing.memory import MemoryListing, Row
from core.listing.query import Occasion, Sort
from core.registry import Registry
from portal.presentation.catalogue import grid_spec_document
from portal.presentation.grid_picture import grid_picture
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.services import Services
from portal.texts import LANGUAGES, N_, language

NAMES: Final = (
    "id", "name", "edition", "region", "countries", "nominal", "unread", "vendor_codes", "products",
    "doc", "plugin",
)  # fmt: skip


def _rows(occasion: Occasion) -> tuple[Row, ...]:
    return _of(occasion.registry, language())


@lru_cache(maxsize=len(LANGUAGES))
def _of(registry: Registry, _: str) -> tuple[Row, ...]:
    """Every grid specification; a registry never changes, words are in a language."""
    users: dict[str, list[str]] = {}
    for product in registry.newest.values():
        for each in product.grid_specs:
            users.setdefault(each, []).append(product.name)
    found: list[Row] = []
    for plugin in registry.plugins.values():
        for spec in plugin.grid_specs:
            said = grid_spec_document(plugin, spec)
            found.append({
                **{name: getattr(said, name) for name in ("id", "name", "edition", "region")},
                "countries": said.countries,
                "nominal": said.nominal,
                "unread": sum(limit.doubtful for limit in said.limits)
                + sum(row.doubtful for row in said.rows),
                "vendor_codes": said.vendor_codes,
                "products": users.get(said.id, []),
                "doc": said.doc,
                "plugin": plugin.name,
            })  # fmt: skip
    return tuple(found)


async def _pictures(services: Services, _: Occasion, row: Row) -> Mapping[str, Any]:
    plugin = services.registry.plugins[row["plugin"]]
    spec = next(spec for spec in plugin.grid_specs if spec.id == row["id"])
    return {
        "spec": grid_spec_document(plugin, spec),
        "grid_pictures": {spec.id: grid_picture(plugin, spec)},
    }


GRID_SPECS: Final = Resource(
    id="grid-specifications",
    title=N_("Grid specifications"),
    one=N_("grid specification"),
    many=N_("grid specifications"),
    area="products",
    listing=MemoryListing(
        "grid_specs",
        _rows,
        NAMES,
        key="id",
        sorts=(Sort("name"), Sort("id", unique=True), Sort("region")),
        filters=(
            Text("q", "name"),
            Choice("country", "countries"),
            Choice("product", "products"),
        ),
    ),
    menu=Menu("product-configurations", 80, icon="building-broadcast-tower"),
    columns=(
        Column("name", N_("Name")),
        Column("edition", N_("Edition")),
        Column("region", N_("Region")),
        Column("countries", N_("Countries"), "list"),
        Column("nominal", N_("Nominal")),
        Column("unread", N_("Unverified figures"), "number"),
        Column("vendor_codes", N_("Vendor codes"), "list"),
        Column("products", N_("Product models"), "list", shown=False),
        Column("id", N_("Id"), "code", shown=False),
        Column("doc", N_("Notes"), shown=False),
        Column("plugin", N_("Plugin"), link="/plugins/{plugin}", shown=False),
    ),
    filters=(
        FilterField("q", N_("Name"), hint=N_("Its beginning, or 3 characters"), first=True),
        FilterField("country", N_("Country"), first=True),
        FilterField("product", N_("Product model"), first=True),
    ),
    needs=("plugin",),
    detail_context=_pictures,
    detail_template="grid_spec_page.html.jinja",
    empty=Empty(N_("No plugin declares one"), icon="building-broadcast-tower"),
)

RESOURCES: Final = (GRID_SPECS,)
