"""Dead letters: messages that nobody could read, whole, with the reason, to be tried again."""

from collections.abc import Mapping
from typing import Any, Final

from core.listing.tables import Row
from core.records import RequestError
from core.runtime import bus
from core.runtime.ingest import Ingest
from core.telemetry import dead_letters
from core.telemetry.dead_letters import HINTS
from core.telemetry.listed import LISTING
from core.thing_model.problems import Problem
from portal.resource.declared import Action, Column, Empty, FilterField, Menu, Resource
from portal.resource.work import Work
from portal.texts import N_

CODES: Final = {code: code.replace("_", " ").capitalize() for code in HINTS}


async def _replay(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    """Take the message in once more, as if it had just come."""
    services = work.services
    async with services.database.read() as connection:
        found = await dead_letters.by_ids(connection, [row["id"]])
    nothing = bus.listener(services.settings, "portal", "replay", ())
    taken = await Ingest(services.registry, services.database, nothing).replay(found)
    services.hub.ring(row["sn"])
    if not taken:
        raise RequestError(Problem("message", "was refused again", "its reason is the newest"))


DEAD_LETTERS: Final = Resource(
    id="dead-letters",
    title=N_("Dead letters"),
    one=N_("message"),
    many=N_("messages"),
    area="dead_letters",
    listing=LISTING,
    menu=Menu("communication-data", 60, icon="mail", key="g d"),
    intro=N_(
        "Messages that could not be taken in. They are kept whole, and can be taken in once what "
        "kept them out is mended."
    ),
    columns=(
        Column("id", N_("Number")),
        Column("code", N_("Problem"), choices=CODES),
        Column("reason", N_("Reason")),
        Column("hint", N_("What helps")),
        Column("sn", N_("Serial number"), "code", link="/systems/{sn}"),
        Column("topic", N_("Topic"), "code"),
        Column("plugin", N_("Plugin"), link="/plugins/{plugin}", shown=False),
        Column("times", N_("Times"), "number"),
        Column("last_at", N_("Last came"), "ago"),
        Column("first_at", N_("First came"), "time", shown=False),
        Column("resolved_at", N_("Taken in"), "time", shown=False),
        Column("payload", N_("Bytes"), "bytes", shown=False),
    ),
    filters=(
        FilterField("sn", first=True),
        FilterField("code", N_("Problem"), choices=CODES, first=True),
        FilterField("resolved", N_("Taken in"), first=True),
    ),
    actions=(
        Action(
            "replay",
            N_("Take in again"),
            _replay,
            icon="refresh",
            confirm=N_("Each message is taken in as if it had just come."),
            applies=lambda row: row["resolved_at"] is None,
            own_transactions=True,
        ),
    ),
    empty=Empty(N_("Nothing is left over"), N_("Every message was taken in."), "circle-check"),
)

RESOURCES: Final = (DEAD_LETTERS,)
