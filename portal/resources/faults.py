"""System Fault Query: what was wrong with which system."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from core.commanding.offers import offered
from core.journal import articles
from core.journal.listed import LISTING
from core.listing.query import Occasion
from core.listing.tables import Row
from core.registry import Part, Registry
from core.thing_model.fault import SEVERITIES, Fault
from portal.presentation import status
from portal.presentation.knowledge import article_documents
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.resources.systems import models
from portal.services import Services
from portal.texts import N_

MENU: Final = "system-maintenance"
NEEDS: Final = ("product_id", "product_version", "firmware", "slot", "code", "sn")
"""The columns by which the declaration of a fault is found."""
STATE: Final = {"active": N_("Active"), "resolved": N_("Resolved")}
LEVELS: Final[Mapping[str, str]] = {level: status.SEVERITY[level].word for level in SEVERITIES}


async def in_words(services: Services, _: Occasion, rows: list[Row]) -> None:
    """What the declarations say of the codes of a page; a code of none keeps its name."""
    for row in rows:
        found = declared(services.registry, row)
        row["label"] = found.name if found else row["code"]
        row["number"] = found.number if found else ""
        row["doc"] = found.doc if found else ""
        row["advice"] = found.advice if found else ""


def declared(registry: Registry, row: Row) -> Fault | None:
    """What a plugin declares of the fault of a row; None where no such model is loaded."""
    part = _part(registry, row)
    return next((f for f in part.faults if f.code == row["code"]), None) if part else None


def _part(registry: Registry, row: Row) -> Part | None:
    model = (row["product_id"], row["product_version"], row["firmware"])
    system = registry.system_of(*model)
    return system.parts.get(row["slot"]) if system else None


async def _advice(services: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    """What the operator knows of the code, and which commands the reader may give the system."""
    part, access = _part(services.registry, row), occasion.access
    if part is None or not access.may("knowledge:read"):
        return {"articles": (), "offered": (), "code_path": ""}
    code = (part.plugin.name, row["code"])
    async with services.database.read() as connection:
        written = (await articles.of_codes(connection, [code])).get(code, ())
        offers: tuple[str, ...] = ()
        if written and access.may("systems:command"):
            found = await offered(connection, services.registry, access, [row["sn"]])
            offers = tuple(offer.id for offer in found.offers)
    return {
        "articles": article_documents(part.plugin, written),
        "offered": offers,
        "code_path": f"/fault-codes/{quote(':'.join(code))}",
    }


FAULTS: Final = Resource(
    id="faults",
    title=N_("System fault query"),
    one=N_("fault"),
    many=N_("faults"),
    area="faults",
    listing=LISTING,
    menu=Menu(MENU, 20, icon="alert-triangle", key="g f"),
    intro=N_("Faults of all systems. Those of one system are on its page, under Faults."),
    columns=(
        Column("opened_at", N_("Since"), "time"),
        Column("sn", N_("Serial number"), "code", link="/systems/{sn}"),
        Column("label", N_("Fault")),
        Column("number", N_("Maker's number"), "code"),
        Column("severity", N_("Severity"), "mark", marks=status.SEVERITY),
        Column("state", N_("State"), choices=STATE),
        Column("closed_at", N_("Until"), "time"),
        Column("slot", N_("Component")),
        Column("advice", N_("Advice")),
        Column("doc", N_("Meaning"), shown=False),
        Column("code", N_("Code"), "code", link="/fault-codes?code.exact={code}", shown=False),
        Column("name", N_("Name"), shown=False),
        Column("product_id", N_("Product model"), choices=models, shown=False),
        Column("country", N_("Country"), shown=False),
        Column("firmware", N_("Firmware"), shown=False),
    ),
    filters=(
        FilterField(
            "q", N_("Serial number"), hint=N_("A part of it, or several with | between"), first=True
        ),
        FilterField("opened_at", N_("Since"), first=True),
        FilterField("severity", choices=LEVELS, first=True),
        FilterField("state", choices=STATE, first=True),
        FilterField("slot"),
        FilterField("code", hint=N_("Its beginning")),
        FilterField("product", N_("Product model"), choices=models),
        FilterField("country"),
        FilterField("company", N_("Company"), hint=N_("Part of its name")),
    ),
    complete=in_words,
    needs=NEEDS,
    detail_context=_advice,
    detail_template="resource/fault.html.jinja",
    zone="timezone",
    empty=Empty(
        N_("No fault was heard of"),
        N_("A fault opens when a device says it by a bit, a number or a word that is declared."),
        "circle-check",
    ),
)

RESOURCES: Final = (FAULTS,)
