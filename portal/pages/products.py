"""Product models: which components they mount in which slots."""

from typing import Final

from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from msgspec import Struct

from core.registry import Registry
from core.thing_model.product import ProductModel
from core.thing_model.roles import ROLES
from portal.presentation.device import ComponentDocument, components
from portal.services import TheServices
from portal.texts import _, translated
from portal.twins import Loaded, page


class ProductSummary(Struct, frozen=True):
    """A product model in the list."""

    id: str
    name: str
    version: str
    vendor: str
    series: str
    description: str
    markets: list[str]
    sn_rules: list[str]
    slots: list[str]


class RoleDocument(Struct, frozen=True):
    """Where a role of the house is read: slot and datapoint, the first that has a value counts."""

    role: str
    label: str
    read_from: list[str]


class ProductDocument(Struct, frozen=True):
    """A product model with its components, roles, functions and grid specifications."""

    product: ProductSummary
    offline_after: int
    versions: list[str]
    components: list[ComponentDocument]
    roles: list[RoleDocument]
    functions: dict[str, str]
    grid_specs: dict[str, str]


async def show_product(services: TheServices, product: FromPath[str]) -> Loaded[ProductDocument]:
    """One product model, in its newest version."""
    registry = services.registry
    if (model := registry.product(product)) is None:
        raise NotFoundException(_("There is no product model %(id)s.", id=repr(product)))
    system = registry.system(model)
    roles = [
        RoleDocument(name, translated(ROLES[name].label), [f"{s.slot}: {s.key}" for s in sources])
        for name, sources in system.roles.items()
    ]
    document = ProductDocument(
        _summary(model),
        model.offline_after,
        sorted(version for id_, version in registry.products if id_ == product),
        list(components(system.parts)),
        roles,
        _functions(registry, model),
        {g: registry.grid_specs[g].name for g in model.grid_specs if g in registry.grid_specs},
    )
    rows = [(c.slot, c.label, c.vendor, c.plugin, c.variant) for c in document.components]
    header = ("slot", "label", "vendor", "plugin", "variant")
    return Loaded(document, model.name, rows, header, ((_("Product models"), "/products"),))


def _summary(model: ProductModel) -> ProductSummary:
    return ProductSummary(
        model.id,
        model.name,
        model.version,
        model.vendor,
        model.series,
        model.description,
        list(model.markets),
        list(model.sn_rules),
        [slot for slot, _mounted in model.slots()],
    )


def _functions(registry: Registry, model: ProductModel) -> dict[str, str]:
    used = (*model.hardware_functions, *model.software_functions)
    known = registry.functions
    return {use.id: known[use.id].label if use.id in known else use.id for use in used}


ROUTES: Final = [
    *page(
        "/products/{product:str}", "product.html.jinja", show_product, permission="products:read"
    ),
]
