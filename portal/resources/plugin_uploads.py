"""Plugins without Python that were uploaded: accepted after a look, replaced, retired."""

from collections.abc import Mapping
from typing import Any, Final

from core.listing.query import Occasion
from core.listing.tables import Row
from core.products import uploads
from core.products.upload_list import LISTING
from portal.presentation.status import Mark
from portal.resource.declared import Action, Column, Empty, FilterField, Menu, Resource
from portal.resource.work import Work
from portal.resources.plugins import TIERS
from portal.services import Services
from portal.texts import N_

STATES: Final = {
    "offered": Mark(N_("Waits to be accepted"), "clock", "warning"),
    "serving": Mark(N_("Serves"), "circle-check", "success"),
    "replaced": Mark(N_("Replaced"), "refresh", "unknown"),
    "retired": Mark(N_("Retired"), "player-stop", "unknown"),
}
COUNTED: Final = {
    "components": N_("Components"),
    "datapoints": N_("Datapoints"),
    "decoders": N_("Channels"),
    "faults": N_("Faults"),
    "commands": N_("Commands"),
    "products": N_("Product models"),
}
WORDS: Final = {name: mark.text for name, mark in STATES.items()}


async def _accept(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await uploads.accept(
        work.connection, work.services.registry, work.access, row["id"],
        reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


async def _retire(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await uploads.retire(
        work.connection, work.services.registry, work.access, row["id"],
        reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


async def _discard(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await uploads.discard(
        work.connection, work.access, row["id"], now=work.now, address=work.address
    )


async def _complete(_: Services, occasion: Occasion, found: list[Row]) -> None:
    """The page of a plugin that serves in the process that answers."""
    for row in found:
        serves = row["state"] == "serving" and row["name"] in occasion.registry.plugins
        row["page"] = f"/plugins/{row['name']}" if serves else ""


async def _listed(_: Services, occasion: Occasion) -> Mapping[str, Any]:
    return {"may_upload": occasion.access.may("plugins:create")}


async def _detail(_: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    known = occasion.registry.plugins.get(row["name"])
    return {"counted": COUNTED, "before": known.version if known else ""}


UPLOADS: Final = Resource(
    id="plugin-uploads",
    title=N_("Uploaded plugins"),
    one=N_("uploaded plugin"),
    many=N_("uploaded plugins"),
    area="plugins",
    listing=LISTING,
    menu=Menu("product-configurations", 115, icon="upload"),
    intro=N_(
        "Plugins without Python, each a zip of plugin.toml and its tables. What is accepted is "
        "known to all processes a second later; what was replaced or retired stays here."
    ),
    columns=(
        Column("id", N_("Number"), "code"),
        Column("name", N_("Name"), "code"),
        Column("version", N_("Version")),
        Column("state", N_("State"), "mark", marks=STATES),
        Column("page", N_("Plugin"), link="{page}"),
        Column("tier", N_("Tier"), "mark", marks=TIERS),
        Column("offered_at", N_("Uploaded"), "ago"),
        Column("offered_by", N_("Uploaded by")),
        Column("accepted_at", N_("Accepted"), "time", shown=False),
        Column("ended_at", N_("Ended"), "time", shown=False),
        Column("digest", N_("SHA-256"), "code", shown=False),
    ),
    filters=(
        FilterField("q", N_("Name"), hint=N_("Its beginning"), first=True),
        FilterField("state", choices=WORDS, first=True),
    ),
    needs=("counts",),
    complete=_complete,
    actions=(
        Action(
            "accept",
            N_("Accept"),
            _accept,
            "reversible",
            icon="circle-check",
            permission="create",
            confirm=N_("It serves from then on, in the place of its last version if there is one."),
            applies=lambda row: row["state"] == "offered",
            bulk=False,
            needs_reason=True,
            audited=False,
        ),
        Action(
            "retire",
            N_("Retire"),
            _retire,
            "disruptive",
            icon="player-stop",
            confirm=N_("Refused while a product model mounts it or a system has it."),
            applies=lambda row: row["state"] == "serving",
            bulk=False,
            needs_reason=True,
            audited=False,
        ),
        Action(
            "delete",
            N_("Discard"),
            _discard,
            "irreversible",
            icon="trash",
            applies=lambda row: row["state"] == "offered",
            bulk=False,
            needs_reason=False,
            audited=False,
        ),
    ),
    list_context=_listed,
    template="configurations/uploads.html.jinja",
    detail_context=_detail,
    detail_template="configurations/upload.html.jinja",
    empty=Empty(
        N_("No plugin was uploaded"),
        N_("A zip of plugin.toml and its tables makes a device known without any code."),
        "upload",
    ),
)
RESOURCES: Final = (UPLOADS,)
