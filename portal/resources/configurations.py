"""Product configurations: what plugins declare, a submenu for each kind of it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.listing.memory import MemoryListing
from core.listing.query import Occasion
from core.listing.tables import Row
from core.plugin import Plugin
from core.products import declared
from core.registry import Registry
from core.thing_model.component import ComponentKind
from core.thing_model.declaration import rows_for
from core.thing_model.provenance import CONFIDENCE
from portal.presentation.catalogue import (
    datapoint_document,
    grid_spec_document,
    grouped,
    source_document,
)
from portal.presentation.device import rating, told_by
from portal.presentation.grid_picture import grid_picture
from portal.presentation.overlays import component_overlays
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.services import Services
from portal.texts import N_, translated


def _grades(_: Services) -> dict[str, str]:
    words = ((grade, translated(said)) for grade, said in CONFIDENCE.items() if grade)
    return {grade: said if grade == said else f"{grade}: {said}" for grade, said in words}


_SHARED: Final = (
    Column("products", N_("Product models"), "list", help=N_("Those that have it now")),
    Column(
        "confidence",
        N_("Confidence"),
        "list",
        help=N_("Of all its rows that say one"),
        choices={grade: grade for grade in CONFIDENCE},
    ),
    Column("markets", N_("Markets"), "list", shown=False, help=N_("Of its product models")),
    Column("sources", N_("Sources"), "list", shown=False),
    Column("plugin", N_("Plugin"), "code", link="/plugins/{plugin}", link_needs="plugins:read"),
)
_FILTERS: Final = (
    FilterField("product", N_("Product model")),
    FilterField("confidence", N_("Confidence"), choices=_grades),
    FilterField("plugin"),
)


def _submenu(
    id_: str,
    listing: MemoryListing,
    columns: tuple[Column, ...],
    *,
    names: tuple[str, str, str],
    menu: Menu,
    detail: tuple[str, Any],
    filters: tuple[FilterField, ...],
) -> Resource:
    """A list of what plugins declare; `names` are its title, one of it, many of it."""
    title, one, many = names
    template, context = detail
    return Resource(
        id=id_,
        title=title,
        one=one,
        many=many,
        area="products",
        listing=listing,
        menu=menu,
        columns=(*columns, *_SHARED),
        filters=(*filters, *_FILTERS),
        detail_context=context,
        detail_template=f"configurations/{template}.html.jinja",
        empty=Empty(
            N_("No plugin that is loaded declares any"),
            N_("`thingwright new` makes a plugin to start from; it is listed once it is loaded."),
            menu.icon,
        ),
    )


def _components(
    id_: str,
    kind: ComponentKind,
    names: tuple[str, str, str],
    ratings: tuple[Column, ...],
    menu: Menu,
) -> Resource:
    return _submenu(
        id_,
        declared.components(kind, {column.id: column.unit for column in ratings}),
        (
            Column("label", N_("Model")),
            Column("vendor", N_("Maker")),
            *ratings,
            Column("datapoints", N_("Datapoints"), "number"),
            Column("commands", N_("Commands"), "number"),
            Column("faults", N_("Faults"), "number"),
            Column("id", N_("Id"), "code", help=N_("How product models name it"), shown=False),
            Column("doc", N_("Notes"), shown=False),
        ),
        names=names,
        menu=menu,
        detail=("component", _component),
        filters=(
            FilterField("q", N_("Model"), hint=N_("A part of it"), first=True),
            FilterField("vendor", N_("Maker"), first=True),
            FilterField("market", N_("Market"), first=True),
        ),
    )


async def _component(_: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    found = declared.component_of(occasion.registry, row["id"])
    if found is None:
        raise LookupError(row["id"])
    plugin, component = found
    rows = rows_for(plugin.datapoints, component.variant)
    return {
        "ratings": [rating(plugin, given) for given in component.ratings],
        "decoders": rows_for(plugin.decoders, component.variant),
        "groups": [
            (group, [datapoint_document(plugin, each) for each in some])
            for group, some in grouped(rows)
        ],
        "number": len(rows),
        "declared_faults": rows_for(plugin.faults, component.variant),
        "declared_commands": rows_for(plugin.commands, component.variant),
        "told_by": told_by,
        "overlay_documents": component_overlays(plugin, component),
        **_sources(plugin),
    }


def _sources(plugin: Plugin) -> Mapping[str, Any]:
    return {"source_documents": [source_document(source) for source in plugin.sources]}


async def _function(_: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    registry: Registry = occasion.registry
    function = registry.functions[row["id"]]
    return {"function": function, **_sources(declared.plugin_of(registry, function))}


async def _grid_spec(_: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    registry: Registry = occasion.registry
    spec = registry.grid_specs[row["id"]]
    plugin = declared.plugin_of(registry, spec)
    return {
        "spec": grid_spec_document(plugin, spec),
        "grid_pictures": {spec.id: grid_picture(plugin, spec)},
        **_sources(plugin),
    }


def _menu(order: int, icon: str) -> Menu:
    return Menu("product-configurations", order, icon=icon)


def _of_kinds() -> Iterator[Resource]:
    yield _components(
        "inverters",
        "inverter",
        (N_("Inverters"), N_("inverter model"), N_("inverter models")),
        (
            Column("rated_power", N_("Rated power"), "number", "kW"),
            Column("max_pv_power", N_("Most PV power"), "number", "kW"),
            Column("max_pv_voltage", N_("Most PV voltage"), "number", "V", shown=False),
            Column("mppt_voltage_min", N_("Least MPPT voltage"), "number", "V", shown=False),
            Column("mppt_voltage_max", N_("Most MPPT voltage"), "number", "V", shown=False),
            Column("mppt_count", N_("MPPT"), "number", shown=False),
            Column("phases", N_("Phases"), "number"),
        ),
        _menu(20, "circuit-inductor"),
    )
    yield _components(
        "batteries",
        "battery",
        (N_("Batteries"), N_("battery model"), N_("battery models")),
        (
            Column("nominal_capacity", N_("Rated capacity"), "number", "kWh"),
            Column("usable_capacity", N_("Usable capacity"), "number", "kWh"),
            Column("packs_at_most", N_("Packs at most"), "number"),
        ),
        _menu(30, "battery-2"),
    )
    yield _components(
        "meters",
        "meter",
        (N_("Meters"), N_("meter model"), N_("meter models")),
        (),
        _menu(40, "gauge"),
    )
    yield _components(
        "wifi",
        "wifi",
        (N_("Wi-Fi"), N_("communication module"), N_("communication modules")),
        (),
        _menu(50, "wifi"),
    )
    names = N_("Hardware functions"), N_("hardware function"), N_("hardware functions")
    yield _functions("hardware", names, 60)
    names = N_("Software functions"), N_("software function"), N_("software functions")
    yield _functions("software", names, 70)
    yield _GRID_SPECS
    yield _components(
        "chargers",
        "charger",
        (N_("EV chargers"), N_("EV charger"), N_("EV chargers")),
        (
            Column("rated_power", N_("Rated power"), "number", "kW"),
            Column("phases", N_("Phases")),
        ),
        _menu(90, "charging-pile"),
    )


def _functions(kind: str, names: tuple[str, str, str], order: int) -> Resource:
    return _submenu(
        f"{kind}-functions",
        declared.functions(kind),
        (
            Column("label", N_("Function")),
            Column("id", N_("Code"), "code"),
            Column("version", N_("Version")),
            Column("firmware", N_("EMS firmware"), help=N_("What it needs; any if empty")),
            Column("countries", N_("Countries"), "list", help=N_("Everywhere if empty")),
            Column("commands", N_("Commands"), "list"),
            Column("codes", N_("Function codes"), "list", shown=False),
            Column("doc", N_("Notes"), shown=False),
        ),
        names=names,
        menu=_menu(order, "puzzle"),
        detail=("function", _function),
        filters=(
            FilterField("q", N_("Function"), hint=N_("A part of it"), first=True),
            FilterField("id", N_("Code"), hint=N_("A part of it"), first=True),
            FilterField("country", N_("Country"), first=True),
            FilterField("command", N_("Command")),
        ),
    )


_GRID_SPECS: Final = _submenu(
    "grid-specs",
    declared.grid_specs(),
    (
        Column("name", N_("Connection standard")),
        Column("edition", N_("Edition")),
        Column("region", N_("Region")),
        Column("countries", N_("Countries"), "list"),
        Column("voltage", N_("Voltage range"), help=N_("Inside the innermost stages")),
        Column("frequency", N_("Frequency range"), help=N_("Inside the innermost stages")),
        Column("nominal_voltage", N_("Nominal voltage"), "number", "V", shown=False),
        Column("nominal_frequency", N_("Nominal frequency"), "number", "Hz", shown=False),
        Column("vendor_codes", N_("Vendor codes"), "list", shown=False),
        Column("id", N_("Id"), "code", shown=False),
        Column("doc", N_("Notes"), shown=False),
    ),
    names=(N_("Grid specifications"), N_("grid specification"), N_("grid specifications")),
    menu=_menu(80, "building-broadcast-tower"),
    detail=("grid_spec", _grid_spec),
    filters=(
        FilterField("q", N_("Connection standard"), hint=N_("A part of it"), first=True),
        FilterField("country", N_("Country"), first=True),
        FilterField("region", N_("Region"), hint=N_("A part of it"), first=True),
    ),
)
RESOURCES: Final = tuple(_of_kinds())
