"""Grid rules: what countries and network operators allow to be fed in or bought."""

from collections.abc import Mapping
from typing import Any, Final

from core.listing.query import Occasion
from core.listing.tables import Row
from core.products import grid_rules
from core.products.grid_rule_list import LISTING
from core.products.grid_rules import GRADES, LONGEST, UNITS, Said
from core.thing_model.provenance import CONFIDENCE
from portal.presentation.grid_rules import KINDS, rule_document
from portal.presentation.status import Mark
from portal.resource.declared import (
    Action,
    Column,
    Empty,
    Field,
    FilterField,
    Form,
    Menu,
    Resource,
)
from portal.resource.work import Work
from portal.services import Services
from portal.texts import N_, translated

STATES: Final = {
    "active": Mark(N_("In force"), "circle-check", "normal"),
    "retired": Mark(N_("Retired"), "player-stop", "unknown"),
}


def _grades(_: Services) -> dict[str, str]:
    words = ((grade, translated(CONFIDENCE[grade])) for grade in GRADES)
    return {grade: said if grade == said else f"{grade}: {said}" for grade, said in words}


async def _create(work: Work, values: Mapping[str, Any]) -> str:
    made = await grid_rules.create(
        work.connection, work.access, Said(**values), now=work.now, address=work.address
    )
    return str(made.id)


async def _edit(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    await grid_rules.edit(
        work.connection, work.access, row["id"], Said(**values),
        version=row["version"], reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


async def _retire(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await grid_rules.retire(
        work.connection, work.access, row["id"],
        version=row["version"], reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


async def _declared(_: Services, occasion: Occasion) -> Mapping[str, Any]:
    """The rules that grid specifications declare, which those made here come before."""
    found = grid_rules.declared(occasion.registry)
    return {"declared_rules": [rule_document(rule) for rule in found]}


GRID_RULES: Final = Resource(
    id="grid-rules",
    title=N_("Grid rules"),
    one=N_("grid rule"),
    many=N_("grid rules"),
    area="products",
    listing=LISTING,
    menu=Menu("product-configurations", 85, icon="shield-check"),
    intro=N_(
        "Rules that were made here come before those of the grid specifications. A setting above "
        "what the rules allow is refused."
    ),
    columns=(
        Column("id", N_("Rule"), "code"),
        Column("country", N_("Country")),
        Column("operator", N_("Network operator"), help=N_("The whole country if it is empty")),
        Column("kind", N_("Limit"), choices=KINDS),
        Column("value", N_("Value"), "number"),
        Column("unit", N_("Unit")),
        Column("confidence", N_("Confidence"), choices=_grades),
        Column("source", N_("Source")),
        Column("note", N_("Notes"), shown=False),
        Column("state", N_("State"), "mark", marks=STATES),
        Column("created_at", N_("Made"), "time", shown=False),
        Column("changed_at", N_("Changed"), "time", shown=False),
    ),
    filters=(
        FilterField("operator", hint=N_("Its beginning"), first=True),
        FilterField("country", first=True),
        FilterField("kind", first=True),
        FilterField("state", first=True),
        FilterField("confidence", choices=_grades),
    ),
    form=Form(
        fields=(
            Field(
                "country",
                N_("Country"),
                required=True,
                longest=2,
                pattern="[A-Z]{2}",
                help=N_("Two letters, such as DE"),
            ),
            Field(
                "operator",
                N_("Network operator"),
                longest=LONGEST["operator"],
                help=N_("As the sites name it. The whole country if it is empty."),
            ),
            Field("kind", N_("Limit"), "choice", required=True, choices=KINDS),
            Field("value", N_("Value"), "number", required=True, low=0),
            Field(
                "unit",
                N_("Unit"),
                "choice",
                required=True,
                choices={unit: unit for unit in UNITS},
                help=N_("Percent of the installed PV, or a power at the grid connection"),
            ),
            Field(
                "source",
                N_("Source"),
                required=True,
                longest=LONGEST["source"],
                help=N_("Where the rule can be read"),
            ),
            Field(
                "confidence",
                N_("Confidence"),
                "choice",
                required=True,
                choices=_grades,
                initial="unverified",
            ),
            Field("note", N_("Notes"), "long", longest=LONGEST["note"]),
        ),
        create=_create,
        edit=_edit,
        audited=False,
    ),
    actions=(
        Action(
            "retire",
            N_("Retire"),
            _retire,
            risk="reversible",
            permission="edit",
            icon="player-stop",
            confirm=N_("What it came before holds again."),
            applies=lambda row: row["state"] == "active",
            needs_reason=True,
            audited=False,
        ),
    ),
    needs=("id", "state", "version"),
    list_context=_declared,
    template="resource/grid_rules.html.jinja",
    empty=Empty(
        N_("No rule was made here yet"),
        N_("The rules of the grid specifications hold."),
        "shield-check",
    ),
)

RESOURCES: Final = (GRID_RULES,)
