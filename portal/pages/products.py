"""Product models: which components they mount in which slots."""

from typing import Any, Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from core.effective import standings
from core.products import publishing
from core.products.configured import shipped_ids
from core.records import RequestError
from core.registry import Registry
from core.thing_model.problems import ModelError
from core.thing_model.product import ProductModel
from core.thing_model.roles import ROLES
from portal.presentation.device import ComponentDocument, components
from portal.presentation.overlays import OverlayDocument, slot_overlays
from portal.services import TheServices
from portal.signing_in import TheAccess, needs
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


class VersionDocument(Struct, frozen=True):
    """A version of a product model; one that a plugin ships has no times. UTC milliseconds."""

    version: str
    origin: str
    published_at: int | None
    published_by: str
    retired_at: int | None


class ProductDocument(Struct, frozen=True):
    """A product model with its components, roles, functions and grid specifications."""

    product: ProductSummary
    offline_after: int
    versions: list[str]
    components: list[ComponentDocument]
    overlays: list[OverlayDocument]
    roles: list[RoleDocument]
    functions: dict[str, str]
    grid_specs: dict[str, str]
    history: list[VersionDocument]


class ChangeDocument(Struct, frozen=True):
    """A key that differs between two versions; null where it is not there."""

    path: str
    before: str | None
    after: str | None


class ComparisonDocument(Struct, frozen=True):
    """What changed from one version of a product model to another."""

    product: str
    old: str
    new: str
    versions: list[str]
    changes: list[ChangeDocument]


async def show_product(
    services: TheServices, access: TheAccess, product: FromPath[str]
) -> Loaded[ProductDocument]:
    """One product model, in its newest version that is offered, else in its last one."""
    registry = services.registry
    if (model := _newest(registry, product)) is None:
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
        slot_overlays(standings(system.parts.values(), "")),
        roles,
        _functions(registry, model),
        {g: registry.grid_specs[g].name for g in model.grid_specs if g in registry.grid_specs},
        await _history(services, access, product),
    )
    rows = [(c.slot, c.label, c.vendor, c.plugin, c.variant) for c in document.components]
    actions = ("create", "edit", "retire")
    view: dict[str, Any] = {
        "may": {action: access.may(f"products:{action}") for action in actions},
        "is_ours": any(v.published_at and not v.retired_at for v in document.history),
        "has_draft": any(v.published_at for v in document.history),
    }
    header = ("slot", "label", "vendor", "plugin", "variant")
    return Loaded(document, model.name, rows, header, ((_("Product models"), "/products"),), view)


def _newest(registry: Registry, product: str) -> ProductModel | None:
    known = [model for (id_, _version), model in registry.products.items() if id_ == product]
    return registry.product(product) or max(known, key=lambda each: each.release, default=None)


async def _history(services: TheServices, access: TheAccess, product: str) -> list[VersionDocument]:
    """All versions, the newest first."""
    async with services.database.read() as connection:
        found = await publishing.versions(connection, access, product)
    published = [
        VersionDocument(v.version, "here", v.published_at, v.published_by, v.retired_at)
        for v in found
    ]
    ours = {each.version for each in published}
    plugin = shipped_ids(services.registry).get(product, "")
    shipped = [
        VersionDocument(model.version, plugin, None, "", None)
        for (id_, version), model in services.registry.products.items()
        if id_ == product and version not in ours
    ]
    return sorted([*published, *shipped], key=lambda v: _numbers(v.version), reverse=True)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


async def compare_product(
    services: TheServices,
    access: TheAccess,
    product: FromPath[str],
    old: FromQuery[str] = "",
    new: FromQuery[str] = "",
) -> Loaded[ComparisonDocument]:
    """What changed between two versions, key by key; "draft" is the draft.

    Where none is named, it is the newest and the one before.
    """
    known = [version.version for version in await _history(services, access, product)]
    if not known:
        raise NotFoundException(_("There is no product model %(id)s.", id=repr(product)))
    old, new = old or known[:2][-1], new or known[0]
    async with services.database.read() as connection:
        try:
            found = await publishing.compare(
                connection, services.registry, access, product, old=old, new=new
            )
        except ModelError as error:
            raise RequestError(*error.problems) from None
    changes = [ChangeDocument(c.path, _said(c.before), _said(c.after)) for c in found]
    document = ComparisonDocument(product, old, new, known, changes)
    crumbs = ((_("Product models"), "/products"), (product, f"/products/{product}"))
    title = _("%(product)s: %(old)s and %(new)s", product=product, old=old, new=new)
    rows = [(each.path, each.before, each.after) for each in changes]
    return Loaded(document, title, rows, ("path", "before", "after"), crumbs)


def _said(value: object) -> str | None:
    return None if value is None else str(value)


@get("/products/{product:str}/toml", guards=[needs("products:read")], include_in_schema=False)
async def toml(
    services: TheServices, access: TheAccess, product: FromPath[str], version: FromQuery[str] = ""
) -> Response[bytes]:
    """A version as it was written, to the letter; the newest, unless one or "draft" is named."""
    async with services.database.read() as connection:
        text = await publishing.text_of(connection, services.registry, access, product, version)
    name = "-".join(filter(None, (product, version)))
    headers = {"Content-Disposition": f'attachment; filename="{name}.toml"'}
    return Response(text.encode(), media_type="application/toml", headers=headers)


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
    *page(
        "/products/{product:str}/compare",
        "configurations/comparison.html.jinja",
        compare_product,
        permission="products:read",
    ),
    toml,
]
