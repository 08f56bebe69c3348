"""Audit: who did what, when and from where, what changed by it, and why."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from core.accounts.listed import LISTING as USERS
from core.audit import entries
from core.audit.listed import LISTING
from core.companies.listed import LISTING as COMPANIES
from core.listing import rows
from core.listing.query import Occasion
from core.listing.tables import Listing, Row
from portal.presentation.audit import ACTIONS, AREAS, changes, path_of, summary
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.services import Services
from portal.texts import N_

NAMED: Final[Mapping[str, Listing]] = {"accounts": USERS, "companies": COMPANIES}
"""Whose objects are told by their names."""


async def _in_words(services: Services, occasion: Occasion, found: list[Row]) -> None:
    """What changed, and the names of what it changed in."""
    names = {
        area: await _names(services, occasion, listing, found, area)
        for area, listing in NAMED.items()
    }
    for row in found:
        key = row["object_id"]
        row["old"], row["new"] = (msgspec.json.decode(row[name]) for name in ("old", "new"))
        row["change"] = summary(changes(row["old"], row["new"]))
        row["object"] = names.get(row["area"], {}).get(key, key)
        row["path"] = path_of(row["area"], key)


async def _names(
    services: Services, occasion: Occasion, listing: Listing, found: list[Row], area: str
) -> Mapping[str, str]:
    keys = list({row["object_id"] for row in found if row["area"] == area})
    named = await rows.by_keys(services.database.read, listing, keys, occasion, ("id", "name"))
    return {str(row["id"]): row["name"] for row in named}


async def _head(services: Services, _: Occasion) -> Mapping[str, Any]:
    """Number and hash of the newest entry, which vouches for all before it."""
    async with services.database.read() as connection:
        number, made = await entries.head(connection)
    return {"head_number": number, "head_hash": made.hex()}


async def _changes(_: Services, __: Occasion, row: Row) -> Mapping[str, Any]:
    return {"changes": changes(row["old"], row["new"])}


AUDIT: Final = Resource(
    id="audit",
    title=N_("Audit"),
    one=N_("entry"),
    many=N_("entries"),
    area="audit",
    listing=LISTING,
    menu=Menu("basic-settings", 90, icon="history"),
    intro=N_("Every change, sign-in and denied request. Nothing of it can be changed."),
    columns=(
        Column("id", N_("Number"), "code"),
        Column("at", N_("Time"), "time"),
        Column("user_name", N_("Who"), help=N_("Empty where nobody was signed in")),
        Column("address", N_("From where"), "code"),
        Column("area", N_("Area"), choices=AREAS),
        Column("action", N_("Action"), choices=ACTIONS),
        Column("object", N_("Object"), link="{path}"),
        Column("change", N_("Old → new")),
        Column("reason", N_("Reason")),
        Column("object_id", N_("Object id"), "code", shown=False),
        Column("user_id", N_("User id"), "code", shown=False),
        Column("old", N_("Old"), shown=False),
        Column("new", N_("New"), shown=False),
    ),
    filters=(
        FilterField("actor", N_("Who"), hint=N_("Beginning of the user name"), first=True),
        FilterField("area", first=True),
        FilterField("object", N_("Object id"), hint=N_("Its beginning"), first=True),
        FilterField("action", first=True),
        FilterField("at", N_("Time")),
    ),
    complete=_in_words,
    needs=("area", "object_id", "old", "new"),
    list_context=_head,
    detail_context=_changes,
    template="resource/audit.html.jinja",
    detail_template="resource/audit_entry.html.jinja",
    empty=Empty(N_("Nothing has been recorded yet"), icon="history"),
)

RESOURCES: Final = (AUDIT,)
