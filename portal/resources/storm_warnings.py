"""Storm warnings: entered by region, for the people of the systems that stand there."""

from collections.abc import Mapping
from typing import Any, Final

from core.fleet import regions, storm_warnings
from core.fleet.regions import Region
from core.fleet.storm_warning_list import LISTING
from core.fleet.storm_warnings import AREA, LONGEST, Said, region_of
from core.fleet.systems import is_zone
from core.listing.moments import instant
from core.listing.query import Occasion
from core.listing.tables import Row
from core.records import RequestError
from core.thing_model.problems import Problem
from portal.presentation.installing import countries, zones
from portal.presentation.storm import KINDS, SEVERITIES, STATES, clock_text, reach_document
from portal.resource.declared import (
    Action,
    Column,
    Empty,
    Field,
    FilterField,
    Form,
    Menu,
    Resource,
    Tool,
)
from portal.resource.work import Work
from portal.services import Services
from portal.texts import N_

CLOCK: Final = N_("Such as 2026-11-28 14:00, by the clock of the time zone below")


async def _complete(_services: Services, _: Occasion, rows: list[Row]) -> None:
    """The times by the warning's own clock."""
    for row in rows:
        for name in ("starts", "ends"):
            row[name] = clock_text(row[f"{name}_at"], row["timezone"])


async def _reach(services: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    region = region_of(row)
    async with services.database.read() as connection:
        reach = await regions.reach(connection, occasion.access, region, row["company_id"])
    return {"reach": reach_document(region, reach, row["company"] or "")}


def _said(work: Work, values: Mapping[str, Any]) -> Said:
    times = {name: _moment(name, values, work.now) for name in ("starts", "ends")}
    names = ("kind", "severity", "timezone", "source", "text")
    region = Region(
        values["country"], values["region"], regions.split_post_codes(values["post_codes"])
    )
    return Said(
        region, starts_at=times["starts"], ends_at=times["ends"],
        **{name: values[name] for name in names},
    )  # fmt: skip


def _moment(name: str, values: Mapping[str, Any], now: int) -> int:
    """The moment that was typed; RequestError for none, and for one that clocks leave out."""
    text, zone = values[name], values["timezone"]
    try:
        at = instant(text, now, zone)
    except ValueError:
        raise RequestError(Problem(name, "is no time", "write 2026-11-28 14:00")) from None
    if len(text) <= 16 and clock_text(at, zone)[:16] != text.replace("T", " ")[:16]:
        what = "is left out there: clocks go forward"
        raise RequestError(Problem(name, what, "write a time before or after"))
    return at


async def _create(work: Work, values: Mapping[str, Any]) -> str:
    made = await storm_warnings.create(
        work.connection, work.access, _said(work, values),
        reason=values["reason"], now=work.now, address=work.address,
    )  # fmt: skip
    return str(made.id)


async def _edit(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    await storm_warnings.edit(
        work.connection, work.access, row["id"], _said(work, values), version=row["version"],
        reason=values["reason"], now=work.now, address=work.address,
    )  # fmt: skip


def _doing(change: Any) -> Tool:
    async def run(work: Work, row: Row, _: Mapping[str, Any]) -> None:
        await change(
            work.connection, work.access, row["id"], version=row["version"],
            reason=work.reason, now=work.now, address=work.address,
        )  # fmt: skip

    return run


def _stands(row: Row) -> bool:
    """Whether a warning is not over, and one's own to change."""
    return bool(row["state"] in ("coming", "in_force") and row["may_change"])


def _known_zone(name: str) -> str:
    return "" if is_zone(name) else "is no time zone"


WARNINGS: Final = Resource(
    id="storm-warnings",
    title=N_("Storm warnings"),
    one=N_("storm warning"),
    many=N_("storm warnings"),
    area=AREA,
    listing=LISTING,
    menu=Menu("system-maintenance", 140, icon="bolt"),
    intro=N_(
        "Entered here for a region, and shown with Storm Guard on the pages of the systems that "
        "stand there. A warning sends nothing to a device."
    ),
    columns=(
        Column("id", N_("Warning"), "code"),
        Column("state", N_("State"), "mark", marks=STATES),
        Column("kind", N_("Kind"), choices=KINDS),
        Column("severity", N_("Severity"), "mark", marks=SEVERITIES),
        Column("country", N_("Country"), choices=countries),
        Column("region", N_("Region"), help=N_("The whole country if it is empty")),
        Column("post_codes", N_("Post codes"), help=N_("Their beginnings")),
        Column("starts_at", N_("Starts"), "time"),
        Column("ends_at", N_("Ends"), "time"),
        Column("timezone", N_("Time zone"), shown=False),
        Column("source", N_("Source")),
        Column("text", N_("Text"), shown=False),
        Column("company", N_("Company"), help=N_("All systems if it is empty"), shown=False),
        Column("entered_by", N_("Entered by")),
        Column("created_at", N_("Entered"), "time", shown=False),
        Column("changed_at", N_("Changed"), "time", shown=False),
        Column("withdrawn_at", N_("Withdrawn at"), "time", shown=False),
    ),
    filters=(
        FilterField("state", first=True),
        FilterField("country", first=True),
        FilterField("region", hint=N_("Its beginning"), first=True),
        FilterField("kind", first=True),
        FilterField("severity"),
        FilterField("starts_at"),
        FilterField("ends_at"),
        FilterField("company", N_("Company"), hint=N_("Part of its name")),
    ),
    form=Form(
        fields=(
            Field("country", N_("Country"), "choice", required=True, choices=countries),
            Field(
                "region",
                N_("Region"),
                longest=regions.LONGEST_NAME,
                help=N_("The state or province as the sites write it, upper or lower case"),
            ),
            Field(
                "post_codes",
                N_("Post codes"),
                longest=800,
                help=N_("Beginnings, with commas between: 80, 81. With a region both have to fit."),
            ),
            Field("kind", N_("Kind"), "choice", required=True, choices=KINDS),
            Field(
                "severity",
                N_("Severity"),
                "choice",
                required=True,
                choices={name: mark.text for name, mark in SEVERITIES.items()},
            ),
            Field("starts", N_("Starts"), required=True, longest=32, help=CLOCK),
            Field("ends", N_("Ends"), required=True, longest=32, help=CLOCK),
            Field(
                "timezone",
                N_("Time zone"),
                "choice",
                required=True,
                choices=lambda _: {"UTC": "UTC", **zones()},
                check=_known_zone,
                initial="UTC",
            ),
            Field(
                "source",
                N_("Source"),
                required=True,
                longest=LONGEST["source"],
                help=N_("Who warns, and where it can be read"),
            ),
            Field("text", N_("Text"), "long", longest=LONGEST["text"]),
            Field("reason", N_("Reason"), required=True, longest=500, help=N_("For the audit log")),
        ),
        create=_create,
        edit=_edit,
        audited=False,
        applies=_stands,
    ),
    actions=(
        Action(
            "end",
            N_("End now"),
            _doing(storm_warnings.end),
            permission="edit",
            icon="player-stop",
            confirm=N_("It is over from now on."),
            applies=lambda row: bool(row["state"] == "in_force" and row["may_change"]),
            bulk=False,
            needs_reason=True,
            audited=False,
        ),
        Action(
            "withdraw",
            N_("Withdraw"),
            _doing(storm_warnings.withdraw),
            permission="edit",
            icon="x",
            confirm=N_("It does not stand any more; the list keeps it."),
            applies=_stands,
            bulk=False,
            needs_reason=True,
            audited=False,
        ),
    ),
    complete=_complete,
    needs=("id", "state", "may_change", "version", "starts_at", "ends_at", "timezone"),
    detail_context=_reach,
    detail_template="resource/storm_warning.html.jinja",
    form_template="resource/storm_form.html.jinja",
    empty=Empty(
        N_("No storm warning was entered yet"),
        N_("Enter what a weather service says; nobody is asked for it by itself."),
        "bolt",
    ),
)

RESOURCES: Final = (WARNINGS,)
