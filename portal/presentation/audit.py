"""Entries of the audit in words: what was done with what, and what changed by it."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec
from attrs import frozen

from portal.texts import N_

LONGEST: Final = 60
FIRST: Final = 3
"""Changes that a line names; the entry's own page has all of them."""
AREAS: Final = {
    "accounts": N_("Accounts"),
    "companies": N_("Companies"),
    "commands": N_("Commands"),
    "dead_letters": N_("Dead letters"),
    "end_users": N_("End users"),
    "exports": N_("Exports and jobs"),
    "firmware": N_("Firmware"),
    "installations": N_("Installations"),
    "logs": N_("Logs"),
    "products": N_("Product models"),
    "serial_numbers": N_("Serial numbers"),
    "sites": N_("Sites"),
    "systems": N_("Systems"),
    "tariffs": N_("Tariffs"),
}
ACTIONS: Final = {
    "approve": N_("Approved"),
    "cancel": N_("Withdrew"),
    "change_credentials": N_("Changed the password"),
    "create": N_("Made"),
    "delete": N_("Deleted"),
    "denied": N_("Was denied"),
    "disable": N_("Disabled"),
    "edit": N_("Changed"),
    "enable": N_("Enabled"),
    "export": N_("Exported"),
    "give": N_("Gave an instruction"),
    "import": N_("Imported"),
    "invite_link": N_("Gave an invitation"),
    "invite_used": N_("Used an invitation"),
    "link_identity": N_("Linked a provider's account"),
    "lock": N_("Locked"),
    "make_token": N_("Made an API token"),
    "refuse": N_("Refused"),
    "reject": N_("Rejected"),
    "replay": N_("Took in again"),
    "reset_link": N_("Gave a link to reset the password"),
    "reset_used": N_("Reset the password by a link"),
    "reveal": N_("Saw the check code"),
    "revoke_token": N_("Revoked an API token"),
    "second_factor_off": N_("Removed the second factor"),
    "second_factor_on": N_("Set up a second factor"),
    "set_primary": N_("Chose the primary account"),
    "set_roles": N_("Set the roles"),
    "sign_in": N_("Signed in"),
    "sign_in_failed": N_("Failed to sign in"),
    "sign_in_refused": N_("Was refused after too many attempts"),
    "sign_out": N_("Ended the sessions"),
    "unlock": N_("Unlocked"),
}
PATHS: Final = {
    "accounts": "/users/",
    "commands": "/instructions/",
    "companies": "/companies/",
    "dead_letters": "/dead-letters/",
    "installations": "/systems/",
    "systems": "/systems/",
}
NUMBERED: Final = ("accounts", "companies", "dead_letters")


@frozen
class Change:
    """A value that changed; "" where there was none, or is none. `made`: there was no such key."""

    key: str
    old: str
    new: str
    made: bool = False

    def __str__(self) -> str:
        before = "" if self.made else f"{shorter(self.old) or '–'} → "
        return f"{self.key}: {before}{shorter(self.new) or '–'}"


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """What differs, key by key, but for what was made empty."""
    found = [
        Change(key, _said(old.get(key)), _said(new.get(key)), key not in old)
        for key in {**old, **new}
    ]
    return [each for each in found if each.old or each.new]


def summary(found: list[Change]) -> str:
    """The first changes in a line."""
    more = f"; … +{len(found) - FIRST}" if len(found) > FIRST else ""
    return "; ".join(map(str, found[:FIRST])) + more


def path_of(area: str, object_id: str) -> str:
    """Where an object is seen; "" where no page shows it."""
    if area not in PATHS or not object_id or (area in NUMBERED and not object_id.isdecimal()):
        return ""
    return PATHS[area] + quote(object_id, safe="")


def shorter(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _said(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
