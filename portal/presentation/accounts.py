"""Accounts and companies, their states and roles in words."""

from collections.abc import Mapping
from typing import Final

from portal.presentation.status import Mark
from portal.texts import N_

COMPANY_STATES: Final[Mapping[str, Mark]] = {
    "pending": Mark(N_("Pending"), "clock", "warning"),
    "enabled": Mark(N_("Enabled"), "circle-check", "success"),
    "rejected": Mark(N_("Rejected"), "x", "failed"),
    "disabled": Mark(N_("Disabled"), "player-stop", "unknown"),
    "deleted": Mark(N_("Deleted"), "trash", "unknown"),
}
USER_STATES: Final[Mapping[str, Mark]] = {
    "not_activated": Mark(N_("Not activated"), "mail", "warning"),
    "active": Mark(N_("Enabled"), "circle-check", "success"),
    "locked": Mark(N_("Locked"), "lock", "failed"),
    "disabled": Mark(N_("Disabled"), "player-stop", "unknown"),
    "deleted": Mark(N_("Deleted"), "trash", "unknown"),
}
USER_TYPES: Final = {
    "A": N_("A‑end"),
    "B": N_("B‑end"),
    "C": N_("C‑end"),
}
WHO: Final = {
    "A": N_("operations, support"),
    "B": N_("installers, dealers"),
    "C": N_("end users"),
}
"""Who the users of each type are."""
ROLES: Final = {
    "read_only": N_("Read only"),
    "l1": N_("L1 support"),
    "l2": N_("L2 support"),
    "operations": N_("Operations"),
    "product": N_("Products"),
    "firmware": N_("Firmware"),
    "administrator": N_("Administrator"),
}
SIGN_INS: Final[Mapping[str, Mark]] = {
    "sign_in": Mark(N_("Signed in"), "circle-check", "success"),
    "sign_in_failed": Mark(N_("Failed"), "alert-octagon", "failed"),
    "sign_in_refused": Mark(N_("Too many attempts"), "lock", "warning"),
}
