"""Installation record search: who installed what, when, where and for whom."""

from collections.abc import Mapping
from typing import Any, Final

from core.fleet.installation_record_list import LISTING, around
from core.listing.query import Occasion
from core.listing.tables import Row
from portal.presentation.status import INSTALLATION
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.resources.systems import ACCOUNTS, MODES, models
from portal.services import Services
from portal.texts import N_

EVENTS: Final = {
    "known": N_("Before the records began"),
    "install": N_("Installed"),
    "move": N_("Moved to another site"),
    "hand_over": N_("Handed over to another end user"),
    "replace": N_("Came in place of another device"),
}
WORDS: Final = {name: mark.text for name, mark in INSTALLATION.items()}


async def _in_words(_: Services, __: Occasion, found: list[Row]) -> None:
    for row in found:
        row["installed_on"] = str(row["installed_on"]) if row.get("installed_on") else None


async def _history(services: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    """What else is recorded of the same system and of the same site."""
    async with services.database.read() as connection:
        others = await around(connection, occasion.access, row)
    may_associate = occasion.access.may("installations:edit")
    return {"others": others, "events": EVENTS, "may_associate": may_associate}


RECORDS: Final = Resource(
    id="installation-records",
    title=N_("Installation record search"),
    one=N_("installation record"),
    many=N_("installation records"),
    area="installations",
    listing=LISTING,
    menu=Menu("system-maintenance", 30, icon="list"),
    intro=N_(
        "Every time that a device was installed, moved, handed over or removed: by whom, for whom "
        "and where. What is over stays as it was."
    ),
    columns=(
        Column("sn", N_("Serial number"), "code"),
        Column("state", N_("State"), "mark", marks=INSTALLATION),
        Column("product_id", N_("Product model"), choices=models, link="/products/{product_id}"),
        Column("installed_on", N_("Installed on")),
        Column("installer", N_("Installer")),
        Column("began_by", N_("Done by")),
        Column("end_user", N_("End user")),
        Column("site", N_("Site")),
        Column("country", N_("Country")),
        Column("began_at", N_("Recorded"), "time"),
        Column("event", N_("Event"), choices=EVENTS),
        Column("install_mode", N_("Install mode"), choices=MODES, shown=False),
        Column("licence", N_("Licence"), "code", shown=False),
        Column("install_user", N_("Fitter"), shown=False),
        Column("end_user_state", N_("State of the account"), choices=ACCOUNTS, shown=False),
        Column("address", N_("Address"), shown=False),
        Column("ended_at", N_("Ended"), "time", shown=False),
        Column("ended_by", N_("Ended by"), shown=False),
        Column("reason", N_("Reason"), shown=False),
        Column("id", N_("Number"), "code", shown=False),
    ),
    filters=(
        FilterField(
            "q", N_("Serial number"), hint=N_("A part of it, or several with | between"), first=True
        ),
        FilterField("state", choices=WORDS, first=True),
        FilterField("installed_on", first=True),
        FilterField("end_user", hint=N_("Its beginning"), first=True),
        FilterField("site", hint=N_("Its beginning"), first=True),
        FilterField("began_by", hint=N_("Its beginning")),
        FilterField("installer", hint=N_("Its whole name")),
        FilterField("product", N_("Product model"), choices=models),
    ),
    complete=_in_words,
    detail_context=_history,
    detail_template="resource/installation_record.html.jinja",
    zone="timezone",
    empty=Empty(
        N_("No installation is recorded"),
        N_("Installing new equipment makes the first; what the filters leave out is not shown."),
    ),
)

RESOURCES: Final = (RECORDS,)
