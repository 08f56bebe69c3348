"""Product models: what is sold, as the plugins ship it."""

from functools import lru_cache
from typing import Final

from core.listing.filters import Choice, Text
from core.listing.memory import MemoryListing, Row
from core.listing.query import Occasion, Sort
from core.registry import Registry
from core.thing_model.product import ProductModel
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.texts import N_


def _rows(occasion: Occasion) -> tuple[Row, ...]:
    return _of(occasion.registry)


@lru_cache(maxsize=1)
def _of(registry: Registry) -> tuple[Row, ...]:
    """Every product model in its newest version; a registry never changes."""
    newest: dict[str, ProductModel] = {}
    for model in sorted(registry.products.values(), key=_age):
        newest[model.id] = model
    return tuple(map(_row, newest.values()))


def _age(model: ProductModel) -> list[int]:
    return [int(part) for part in model.version.split(".")]


def _row(model: ProductModel) -> Row:
    return {
        "id": model.id,
        "name": model.name,
        "version": model.version,
        "vendor": model.vendor,
        "series": model.series,
        "description": model.description,
        "markets": list(model.markets),
        "sn_rules": list(model.sn_rules),
        "slots": [slot for slot, _ in model.slots()],
    }


LISTING: Final = MemoryListing(
    "products",
    _rows,
    ("id", "name", "version", "vendor", "series", "description", "markets", "sn_rules", "slots"),
    key="id",
    sorts=(Sort("name"), Sort("id", unique=True), Sort("vendor"), Sort("series")),
    filters=(
        Text("q", "name"),
        Choice("vendor"),
        Choice("series"),
        Choice("market", "markets"),
        Choice("slot", "slots"),
    ),
)
PRODUCTS: Final = Resource(
    id="products",
    title=N_("Product models"),
    one=N_("product model"),
    many=N_("product models"),
    area="products",
    listing=LISTING,
    menu=Menu("product-configurations", 10, icon="versions", key="g p"),
    columns=(
        Column("name", N_("Name"), link="/products/{id}"),
        Column("id", N_("Id"), "code"),
        Column("version", N_("Version")),
        Column("vendor", N_("Vendor")),
        Column("series", N_("Series"), shown=False),
        Column("slots", N_("Slots"), "list"),
        Column("markets", N_("Markets"), "list"),
        Column("sn_rules", N_("Serial numbers"), "list"),
        Column("description", N_("Description"), shown=False),
    ),
    filters=(
        FilterField("q", N_("Name"), first=True),
        FilterField("vendor", first=True),
        FilterField("market", N_("Market"), first=True),
        FilterField("slot", N_("Slot")),
    ),
    detail=False,
    empty=Empty(
        N_("No product model is loaded"),
        N_("Plugins ship them as TOML files in their folder products."),
        "versions",
    ),
)

RESOURCES: Final = (PRODUCTS,)
