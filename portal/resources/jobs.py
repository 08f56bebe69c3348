"""Exports and other long work, with their progress and their files: everybody's own."""

from collections.abc import Mapping
from typing import Any, Final

from core.jobs import jobs
from core.jobs.listed import LISTING
from core.listing.tables import Row
from core.records import RequestError
from core.thing_model.problems import Problem
from portal.presentation.status import Mark
from portal.resource.declared import Action, Column, Empty, FilterField, Menu, Resource
from portal.resource.work import Work
from portal.texts import N_

STATES: Final = {
    "queued": Mark(N_("Waiting"), "clock", "info"),
    "running": Mark(N_("Running"), "refresh", "info"),
    "done": Mark(N_("Done"), "circle-check", "success"),
    "failed": Mark(N_("Failed"), "alert-octagon", "failed"),
    "cancelled": Mark(N_("Cancelled"), "x", "unknown"),
    "expired": Mark(N_("File removed"), "trash", "unknown"),
}
KINDS: Final = {"export": N_("List"), "data": N_("Data"), "action": N_("Action")}


async def _cancel(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    if not await jobs.cancel(work.connection, row["id"], work.now):
        raise RequestError(Problem("state", "is over already", "look at it again"))


JOBS: Final = Resource(
    id="jobs",
    title=N_("Exports and jobs"),
    one=N_("job"),
    many=N_("jobs"),
    area="exports",
    listing=LISTING,
    menu=Menu("communication-data", 70, icon="download"),
    intro=N_(
        "What takes longer than a moment is done by the worker. Lists count rows, data count days "
        "of systems. Files are kept for a week."
    ),
    columns=(
        Column("id", N_("Number"), "code"),
        Column("title", N_("What")),
        Column("kind", N_("Kind"), choices=KINDS),
        Column("state", N_("State"), "mark", marks=STATES),
        Column("done", N_("Done"), "number"),
        Column("total", N_("In all"), "number"),
        Column("refused", N_("Rows refused"), "number", shown=False),
        Column("reason", N_("Reason")),
        Column("created_at", N_("Asked for"), "ago"),
        Column("finished_at", N_("Finished"), "time", shown=False),
        Column("expires_at", N_("Kept until"), "time", shown=False),
    ),
    filters=(FilterField("state", first=True), FilterField("kind", first=True)),
    actions=(
        Action(
            "cancel",
            N_("Cancel"),
            _cancel,
            permission="create",
            icon="player-stop",
            confirm=N_("What is done already stays done."),
            applies=lambda row: row["state"] in ("queued", "running"),
        ),
    ),
    export=False,
    refresh=2,
    detail_template="resource/job.html.jinja",
    empty=Empty(N_("You asked for nothing long yet"), icon="download"),
)

RESOURCES: Final = (JOBS,)
