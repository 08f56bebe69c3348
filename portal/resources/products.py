"""Product models: what is sold, as plugins ship it and as it was published here."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from core.listing.filters import Choice, Text
from core.listing.memory import MemoryListing, Row
from core.listing.query import Occasion, Sort
from core.products import publishing
from core.products.configured import shipped_ids
from core.registry import Registry
from core.thing_model.product import SEMVER, SLUG, ProductModel
from portal.presentation.status import Mark
from portal.resource.declared import (
    Action,
    Column,
    Empty,
    Field,
    FilterField,
    Handed,
    Menu,
    Resource,
)
from portal.resource.work import Work
from portal.texts import N_

ORIGINS: Final = {"plugin": N_("a plugin"), "here": N_("this installation")}
STATES: Final = {
    "offered": Mark(N_("Offered"), "circle-check", "success"),
    "retired": Mark(N_("Retired"), "player-stop", "unknown"),
}


def _rows(occasion: Occasion) -> tuple[Row, ...]:
    return _of(occasion.registry)


@lru_cache(maxsize=1)
def _of(registry: Registry) -> tuple[Row, ...]:
    """Every product model in its newest version; a registry never changes."""
    shipped = shipped_ids(registry)
    newest = {model.id: model for model in sorted(registry.products.values(), key=_age)}
    return tuple(_row(registry, model, shipped.get(model.id, "")) for model in newest.values())


def _age(model: ProductModel) -> tuple[int, ...]:
    return model.release


def _row(registry: Registry, model: ProductModel, plugin: str) -> Row:
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
        "origin": "plugin" if plugin else "here",
        "state": "retired" if (model.id, model.version) in registry.retired else "offered",
    }


async def _copy(work: Work, row: Row, values: Mapping[str, Any]) -> Handed:
    async with work.begin() as connection:
        made = await publishing.copy(
            connection, work.services.registry, work.access, row["id"], values["new_id"],
            now=work.now, address=work.address,
        )  # fmt: skip
    note = N_("It has the text of the model that it was copied from, under its own id.")
    return Handed(N_("The draft"), f"/product-drafts/{made.id}", note)


async def _retire(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    async with work.begin() as connection:
        await publishing.retire(
            connection, work.access, row["id"], values["release"],
            reason=work.reason, now=work.now, address=work.address,
        )  # fmt: skip


LISTING: Final = MemoryListing(
    "products",
    _rows,
    (
        "id",
        "name",
        "version",
        "vendor",
        "series",
        "description",
        "markets",
        "sn_rules",
        "slots",
        "origin",
        "state",
    ),
    key="id",
    sorts=(Sort("name"), Sort("id", unique=True), Sort("vendor"), Sort("series")),
    filters=(
        Text("q", "name"),
        Choice("vendor"),
        Choice("series"),
        Choice("market", "markets"),
        Choice("slot", "slots"),
        Choice("origin", choices=("plugin", "here")),
        Choice("state", choices=("offered", "retired")),
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
        Column("origin", N_("Declared by"), choices=ORIGINS),
        Column("state", N_("State"), "mark", marks=STATES),
        Column("description", N_("Description"), shown=False),
    ),
    filters=(
        FilterField("q", N_("Name"), first=True),
        FilterField("vendor", first=True),
        FilterField("market", N_("Market"), first=True),
        FilterField("slot", N_("Slot")),
    ),
    actions=(
        Action(
            "copy",
            N_("Copy"),
            _copy,
            icon="copy",
            permission="create",
            confirm=N_("A draft begins with its text."),
            fields=(
                Field(
                    "new_id",
                    N_("Id of the new model"),
                    required=True,
                    longest=64,
                    pattern=SLUG,
                    help=N_("Small letters, digits and hyphens: our-b3"),
                ),
            ),
            bulk=False,
            needs_reason=False,
            own_transactions=True,
            audited=False,
        ),
        Action(
            "retire",
            N_("Retire"),
            _retire,
            "disruptive",
            icon="player-stop",
            confirm=N_("New systems get it no longer. It is refused while systems have it."),
            applies=lambda row: row["origin"] == "here" and row["state"] == "offered",
            fields=(
                Field(
                    "release",
                    N_("Version"),
                    pattern=SEMVER,
                    longest=32,
                    help=N_("One of its versions; all of them if empty"),
                ),
            ),
            bulk=False,
            own_transactions=True,
            audited=False,
        ),
    ),
    detail=False,
    empty=Empty(
        N_("No product model is loaded"),
        N_("Plugins ship them as TOML files in their folder products."),
        "versions",
    ),
)

RESOURCES: Final = (PRODUCTS,)
