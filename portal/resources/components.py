"""Inverters, batteries, meters, Wi-Fi modules and chargers, as the plugins declare them."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, TypeVar

from core.listing.filters import Choice, Text
from core.listing.memory import MemoryListing, Row
from core.listing.query import Occasion, Sort
from core.plugin import Plugin
from core.registry import Registry
from core.thing_model.component import Component, ComponentKind
from core.thing_model.declaration import Declaration
from portal.presentation.device import rating
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.texts import LANGUAGES, N_, language

NAMES: Final = (
    "model", "label", "vendor", "ratings", "datapoints", "faults", "commands", "products", "doc",
    "plugin",
)  # fmt: skip
Declared = TypeVar("Declared", bound=Declaration)


@lru_cache(maxsize=len(LANGUAGES))
def _of(registry: Registry, _: str) -> tuple[Row, ...]:
    """Every component that a plugin declares; a registry never changes, words are in a language."""
    users: dict[str, list[str]] = {}
    for product in registry.newest.values():
        for model in dict.fromkeys(mounted.model for _, mounted in product.slots()):
            users.setdefault(model, []).append(product.name)
    return tuple(
        _row(plugin, component, users)
        for plugin in registry.plugins.values()
        for component in plugin.components
    )


def _row(plugin: Plugin, component: Component, users: dict[str, list[str]]) -> Row:
    variant = component.variant
    model = f"{plugin.name}.{variant}" if variant else plugin.name
    ratings = (rating(plugin, given) for given in component.ratings)
    return {
        "kind": component.kind,
        "model": model,
        "label": component.label,
        "vendor": component.vendor,
        "ratings": [f"{r.name} {r.shown}{' (?)' if r.doubtful else ''};" for r in ratings],
        "datapoints": len({d.key for d in _of_variant(plugin.datapoints, variant)}),
        "faults": len({f.code for f in _of_variant(plugin.faults, variant)}),
        "commands": len({c.name for c in _of_variant(plugin.commands, variant)}),
        "products": users.get(model, []),
        "doc": component.doc,
        "plugin": plugin.name,
    }


def _of_variant(rows: Iterable[Declared], variant: str) -> Iterator[Declared]:
    return (row for row in rows if not row.variants or variant in row.variants)


def components(kind: ComponentKind, id: str, title: str, order: int, icon: str) -> Resource:
    """The submenu of one kind of component."""

    def rows(occasion: Occasion) -> Iterator[Row]:
        return (row for row in _of(occasion.registry, language()) if row["kind"] == kind)

    return Resource(
        id=id,
        title=title,
        one=N_("model"),
        many=N_("models"),
        area="products",
        listing=MemoryListing(
            id.replace("-", "_"),
            rows,
            NAMES,
            key="model",
            sorts=(Sort("label"), Sort("model", unique=True), Sort("vendor")),
            filters=(
                Text("q", "label"),
                Choice("vendor"),
                Choice("product", "products"),
                Choice("plugin"),
            ),
        ),
        menu=Menu("product-configurations", order, icon=icon),
        columns=(
            Column("label", N_("Model")),
            Column("vendor", N_("Vendor")),
            Column("ratings", N_("Ratings"), "list", help=N_("(?) marks an unverified figure")),
            Column("datapoints", N_("Datapoints"), "number"),
            Column("faults", N_("Faults"), "number"),
            Column("commands", N_("Commands"), "number"),
            Column("products", N_("Product models"), "list"),
            Column("model", N_("Id"), "code", shown=False),
            Column("doc", N_("Notes"), shown=False),
            Column("plugin", N_("Plugin"), link="/plugins/{plugin}"),
        ),
        filters=(
            FilterField("q", N_("Model"), hint=N_("Its beginning, or 3 characters"), first=True),
            FilterField("vendor", first=True),
            FilterField("product", N_("Product model"), first=True),
        ),
        needs=("plugin",),
        empty=Empty(
            N_("No plugin declares one"),
            N_("`thingwright new inverters vendor_model` makes one to start from."),
            icon,
        ),
    )


RESOURCES: Final = (
    components("inverter", "inverters", N_("Inverter"), 20, "solar-panel"),
    components("battery", "batteries", N_("Battery"), 30, "battery"),
    components("meter", "meters", N_("Meter"), 40, "gauge"),
    components("wifi", "wifi-modules", N_("Wi-Fi"), 50, "wifi"),
    components("charger", "chargers", N_("EV charger"), 90, "charging-pile"),
)
