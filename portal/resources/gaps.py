"""Breakpoint continues: messages that did not come, what of them came back, and asking again."""

from collections.abc import Mapping
from typing import Any, Final

from core.listing.query import Occasion
from core.listing.tables import Row
from core.telemetry import backfill
from core.telemetry.listed import GAPS as LISTING
from portal.presentation.status import Mark
from portal.resource.declared import Action, Column, Empty, FilterField, Menu, Resource
from portal.resource.work import Work
from portal.services import Services
from portal.texts import N_

COMPLETIONS: Final[Mapping[str, Mark]] = {
    "none": Mark(N_("Nothing came back"), "alert-octagon", "failed"),
    "partial": Mark(N_("Partly came back"), "clock", "warning"),
    "complete": Mark(N_("Complete"), "circle-check", "success"),
}
WORDS: Final = {name: mark.word for name, mark in COMPLETIONS.items()}


async def _ask_again(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await backfill.request(work.connection, work.access, row["sn"], work.now)


async def _with_length(_: Services, __: Occasion, found: list[Row]) -> None:
    for row in found:
        since = row["after_time"]
        row["minutes"] = None if since is None else (row["before_time"] - since) // 60_000


GAPS: Final = Resource(
    id="gaps",
    title=N_("Breakpoint continues"),
    one=N_("gap"),
    many=N_("gaps"),
    area="gaps",
    listing=LISTING,
    menu=Menu("system-maintenance", 70, icon="history"),
    intro=N_(
        "Messages that a device counted and that did not come in their turn, by the numbers that "
        "they carry; and how many of them came later."
    ),
    columns=(
        Column("noticed_at", N_("Noticed"), "time"),
        Column("sn", N_("Serial number"), "code", link="/systems/{sn}"),
        Column("after_time", N_("From"), "time"),
        Column("before_time", N_("To"), "time"),
        Column("minutes", N_("Interval"), "number", unit="min"),
        Column("count", N_("Messages"), "number"),
        Column("returned", N_("Came back"), "number"),
        Column("missing", N_("Missing"), "number"),
        Column("percent", N_("Completeness"), "number", unit="%"),
        Column("completion", N_("State"), "mark", marks=COMPLETIONS),
        Column("asked", N_("Times asked"), "number"),
        Column("closed_at", N_("Closed"), "time", shown=False),
        Column("boot_id", N_("Boot id"), "code", shown=False),
        Column("first", N_("First number"), "code", shown=False),
        Column("last", N_("Last number"), "code", shown=False),
        Column("id", N_("Number"), "code", shown=False),
    ),
    filters=(
        FilterField(
            "q", N_("Serial number"), hint=N_("A part of it, or several with | between"), first=True
        ),
        FilterField("completion", choices=WORDS, first=True),
        FilterField("before_time", N_("To"), first=True),
        FilterField("noticed_at", N_("Noticed")),
    ),
    actions=(
        Action(
            "request",
            N_("Ask again"),
            _ask_again,
            icon="refresh",
            confirm=N_("The device is asked for all that is missing of it."),
            applies=lambda row: row["closed_at"] is None and row["missing"] > 0,
        ),
    ),
    complete=_with_length,
    needs=("sn", "after_time", "before_time", "closed_at", "missing"),
    detail=False,
    zone="timezone",
    empty=Empty(N_("Nothing is missing"), N_("Every message came in its turn."), "circle-check"),
)

RESOURCES: Final = (GAPS,)
