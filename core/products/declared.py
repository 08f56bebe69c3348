"""What plugins declare, as lists: components of one kind, functions, grid specifications."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from core.listing.filters import Choice, Text
from core.listing.memory import MemoryListing, Row
from core.listing.query import Occasion, Sort
from core.plugin import Plugin
from core.registry import Registry
from core.thing_model.component import Component, ComponentKind, Rating
from core.thing_model.declaration import rows_for
from core.thing_model.function import Function
from core.thing_model.grid_spec import GridSpec
from core.thing_model.product import ProductModel
from core.thing_model.units import factor

Units = Mapping[str, str]
"""Ratings by name with the unit that a list tells them in; "" for counts and for texts."""
SHARED: Final = ("products", "markets", "plugin", "sources", "confidence")
COUNTS: Final = ("datapoints", "commands", "faults")
_COMPONENT: Final = ("id", "label", "vendor", "variant", "doc", "ratings", *COUNTS, *SHARED)
_FUNCTION: Final = (
    "id", "label", "version", "firmware", "countries", "commands", "codes", "doc", *SHARED,
)  # fmt: skip
_GRID_SPEC: Final = (
    "id", "name", "edition", "region", "countries", "nominal_voltage", "nominal_frequency",
    "voltage", "frequency", "vendor_codes", "doc", *SHARED,
)  # fmt: skip
_FILTERS: Final = (Choice("product", "products"), Choice("confidence"), Choice("plugin"))


def components(kind: ComponentKind, ratings: Units) -> MemoryListing:
    """Components of a kind, with those of their ratings that are columns."""
    return MemoryListing(
        f"{kind}_components",
        _remembered(lambda registry: _components(registry, kind, ratings)),
        (*_COMPONENT, *ratings),
        key="id",
        sorts=(
            Sort("label"),
            Sort("vendor"),
            Sort("id", unique=True),
            *(Sort(name, descending=True) for name in (*ratings, "datapoints")),
        ),
        filters=(Text("q", "label", match="part"), Choice("vendor"), *_MARKETS, *_FILTERS),
    )


def functions(kind: str) -> MemoryListing:
    """Functions, "hardware" or "software"."""
    return MemoryListing(
        f"{kind}_functions",
        _remembered(lambda registry: _functions(registry, kind)),
        _FUNCTION,
        key="id",
        sorts=(Sort("label"), Sort("id", unique=True), Sort("version")),
        filters=(
            Text("q", "label", match="part"),
            Text("id", match="part"),
            Choice("country", "countries"),
            Choice("command", "commands"),
            *_FILTERS,
        ),
    )


def grid_specs() -> MemoryListing:
    """Grid specifications, one row for each edition and region."""
    return MemoryListing(
        "grid_specs",
        _remembered(_grid_specs),
        _GRID_SPEC,
        key="id",
        sorts=(Sort("name"), Sort("id", unique=True), Sort("edition"), Sort("region")),
        filters=(
            Text("q", "name", match="part"),
            Text("region", match="part"),
            Choice("country", "countries"),
            *_FILTERS,
        ),
    )


_MARKETS: Final = (Choice("market", "markets"),)


def component_of(registry: Registry, id_: str) -> tuple[Plugin, Component] | None:
    """The component that product models mount by this name."""
    for plugin, component in _declared(registry):
        if mounted_as(plugin, component) == id_:
            return plugin, component
    return None


def plugin_of(registry: Registry, row: Function | GridSpec) -> Plugin:
    """The plugin that declares a function or a grid specification."""
    return next(p for p in registry.plugins.values() if row in (*p.functions, *p.grid_specs))


def mounted_as(plugin: Plugin, component: Component) -> str:
    """How product models name a component: kind.name, or kind.name.variant."""
    return ".".join(filter(None, (plugin.name, component.variant)))


def _remembered(make: Callable[[Registry], Iterable[Row]]) -> Callable[[Occasion], Iterable[Row]]:
    """Rows that are made once for each registry, which never changes."""

    @lru_cache(maxsize=1)
    def made(registry: Registry) -> tuple[Row, ...]:
        return tuple(make(registry))

    return lambda occasion: made(occasion.registry)


def _declared(registry: Registry) -> Iterable[tuple[Plugin, Component]]:
    return ((p, component) for p in registry.plugins.values() for component in p.components)


def _components(registry: Registry, kind: ComponentKind, ratings: Units) -> Iterable[Row]:
    for plugin, component in _declared(registry):
        if component.kind != kind:
            continue
        id_, variant = mounted_as(plugin, component), component.variant
        given = {rating.name: rating for rating in component.ratings}
        mounting = (
            product
            for product in registry.newest.values()
            if any(mounted.model == id_ for _slot, mounted in product.slots())
        )
        yield {
            "id": id_,
            "label": component.label,
            "vendor": component.vendor,
            "variant": variant,
            "doc": component.doc,
            "ratings": {r.name: f"{r.value} {r.unit}".strip() for r in component.ratings},
            "datapoints": len({row.key for row in rows_for(plugin.datapoints, variant)}),
            "commands": len({row.name for row in rows_for(plugin.commands, variant)}),
            "faults": len({row.code for row in rows_for(plugin.faults, variant)}),
            **{name: _figure(given.get(name), unit) for name, unit in ratings.items()},
            **_shared(plugin, component.ratings, mounting),
        }


def _figure(rating: Rating | None, unit: str) -> float | str | None:
    if rating is None or isinstance(rating.value, str) or not unit:
        return None if rating is None else rating.value
    scale = factor(rating.unit, unit)
    return None if scale is None else rating.value * scale


def _functions(registry: Registry, kind: str) -> Iterable[Row]:
    for function in registry.functions.values():
        if function.kind != kind:
            continue
        using = (
            product
            for product in registry.newest.values()
            if any(
                use.id == function.id
                for use in (*product.hardware_functions, *product.software_functions)
            )
        )
        yield {
            "id": function.id,
            "label": function.label,
            "version": function.version,
            "firmware": str(function.firmware) if function.firmware.clauses else "",
            "countries": list(function.countries),
            "commands": list(function.commands),
            "codes": list(function.codes),
            "doc": function.doc,
            **_shared(plugin_of(registry, function), (function,), using),
        }


def _grid_specs(registry: Registry) -> Iterable[Row]:
    for spec in registry.grid_specs.values():
        set_to = (each for each in registry.newest.values() if spec.id in each.grid_specs)
        told = (*spec.limits, *spec.parameters, *spec.curves, *spec.export_rules)
        yield {
            "id": spec.id,
            "name": spec.name,
            "edition": spec.edition,
            "region": spec.region,
            "countries": list(spec.countries),
            "nominal_voltage": spec.nominal_voltage,
            "nominal_frequency": spec.nominal_frequency,
            "voltage": _between(spec, "voltage"),
            "frequency": _between(spec, "frequency"),
            "vendor_codes": [f"{vendor} {code}" for vendor, code in spec.vendor_codes],
            "doc": spec.doc,
            **_shared(plugin_of(registry, spec), told, set_to),
        }


def _between(spec: GridSpec, quantity: str) -> str:
    """What lies inside the innermost stages, where both sides are known in one unit."""
    stages = [limit for limit in spec.limits if limit.quantity == quantity]
    units = {limit.unit for limit in stages}
    low = [limit.value for limit in stages if not limit.above]
    high = [limit.value for limit in stages if limit.above]
    if len(units) != 1 or not low or not high:
        return ""
    return f"{max(low):g} – {min(high):g} {units.pop()}"


def _shared(plugin: Plugin, told: Iterable[Any], products: Iterable[ProductModel]) -> Row:
    """What every list tells: where it is used, where it comes from, how far it can be trusted.

    markets: of the product models that have it.
    """
    rows, using = tuple(told), tuple(products)
    sources = [plugin.source_of(row) for row in rows] or list(plugin.sources[:1])
    graded = {plugin.confidence_of(row) for row in rows} or {s.confidence for s in sources if s}
    return {
        "products": [product.id for product in using],
        "markets": sorted({market for product in using for market in product.markets}),
        "plugin": plugin.name,
        "sources": list(dict.fromkeys(source.title for source in sources if source)),
        "confidence": sorted(graded - {""}),
    }
