"""Hardware and software functions: what systems can do beyond their components."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal

from core.listing.filters import Choice, Text
from core.listing.memory import MemoryListing, Row
from core.listing.query import Occasion, Sort
from core.registry import Registry
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.texts import N_

NAMES: Final = (
    "id", "label", "version", "codes", "countries", "parameters", "commands", "products", "doc",
    "plugin",
)  # fmt: skip


@lru_cache(maxsize=1)
def _of(registry: Registry) -> tuple[Row, ...]:
    """Every function that a plugin declares; a registry never changes."""
    users: dict[str, list[str]] = {}
    for product in registry.newest.values():
        for mounted in (*product.hardware_functions, *product.software_functions):
            users.setdefault(mounted.id, []).append(product.name)
    return tuple(
        {
            "kind": function.kind,
            "id": function.id,
            "label": function.label,
            "version": function.version,
            "codes": list(function.codes),
            "countries": list(function.countries),
            "parameters": [p.label or p.key.replace("_", " ") for p in function.parameters],
            "commands": list(function.commands),
            "products": users.get(function.id, []),
            "doc": function.doc,
            "plugin": plugin.name,
        }
        for plugin in registry.plugins.values()
        for function in plugin.functions
    )


def functions(kind: Literal["hardware", "software"], title: str, order: int, icon: str) -> Resource:
    """The submenu of the functions of a kind."""

    def rows(occasion: Occasion) -> Iterator[Row]:
        return (row for row in _of(occasion.registry) if row["kind"] == kind)

    return Resource(
        id=f"{kind}-functions",
        title=title,
        one=N_("function"),
        many=N_("functions"),
        area="products",
        listing=MemoryListing(
            f"{kind}_functions",
            rows,
            NAMES,
            key="id",
            sorts=(Sort("label"), Sort("id", unique=True)),
            filters=(
                Text("q", "label"),
                Choice("code", "codes", facet=False),
                Choice("country", "countries"),
                Choice("product", "products"),
            ),
        ),
        menu=Menu("product-configurations", order, icon=icon),
        columns=(
            Column("label", N_("Function")),
            Column("version", N_("Version")),
            Column("codes", N_("Function codes"), "list"),
            Column("countries", N_("Countries"), "list", help=N_("Everywhere where none is named")),
            Column("parameters", N_("Settings"), "list"),
            Column("commands", N_("Commands"), "list"),
            Column("products", N_("Product models"), "list"),
            Column("doc", N_("Notes")),
            Column("id", N_("Id"), "code", shown=False),
            Column("plugin", N_("Plugin"), link="/plugins/{plugin}", shown=False),
        ),
        filters=(
            FilterField("q", N_("Function"), hint=N_("Its beginning, or 3 characters"), first=True),
            FilterField("product", N_("Product model"), first=True),
            FilterField("code", N_("Function code"), first=True),
            FilterField("country", N_("Country")),
        ),
        needs=("plugin",),
        empty=Empty(N_("No plugin declares a function"), icon=icon),
    )


RESOURCES: Final = (
    functions("hardware", N_("Hardware functions"), 60, "cpu"),
    functions("software", N_("Software functions"), 70, "adjustments"),
)
