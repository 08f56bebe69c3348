"""How a system is doing, as shape, word and colour."""

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from portal.texts import N_, translated


@frozen
class Mark:
    """A status: its English word, its icon, and the colour it goes by."""

    text: str
    icon: str
    colour: str

    @property
    def word(self) -> str:
        return translated(self.text)


SYSTEM: Final[Mapping[str, Mark]] = {
    "all": Mark(N_("All"), "layout-grid", "all"),
    "normal": Mark(N_("Normal"), "circle-check", "normal"),
    "fault": Mark(N_("Fault"), "alert-octagon", "fault"),
    "offline": Mark(N_("Offline"), "wifi-off", "offline"),
    "protection": Mark(N_("Protection"), "shield-check", "protection"),
    "upgrading": Mark(N_("Upgrading"), "circle-arrow-up", "upgrading"),
    "new": Mark(N_("New"), "star", "new"),
}
SEVERITY: Final[Mapping[str, Mark]] = {
    "critical": Mark(N_("Critical"), "alert-octagon", "critical"),
    "protection": Mark(N_("Protection"), "shield-check", "protection"),
    "warning": Mark(N_("Warning"), "alert-triangle", "warning"),
    "info": Mark(N_("Notice"), "info-circle", "info"),
}
COMMAND: Final[Mapping[str, Mark]] = {
    "PENDING_APPROVAL": Mark(N_("Waits for approval"), "clock", "warning"),
    "QUEUED": Mark(N_("Queued"), "clock", "info"),
    "SENT": Mark(N_("Sent"), "send", "info"),
    "ACKED": Mark(N_("Accepted"), "check", "info"),
    "RUNNING": Mark(N_("Running"), "refresh", "info"),
    "SUCCEEDED": Mark(N_("Applied"), "circle-check", "success"),
    "FAILED": Mark(N_("Failed"), "alert-octagon", "failed"),
    "REJECTED": Mark(N_("Rejected"), "x", "failed"),
    "TIMED_OUT": Mark(N_("No answer"), "clock", "warning"),
    "EXPIRED": Mark(N_("Expired"), "clock", "warning"),
    "CANCELLED": Mark(N_("Withdrawn"), "x", "unknown"),
}
RISK: Final[Mapping[str, Mark]] = {
    "read": Mark(N_("Only reads"), "eye", "info"),
    "safe": Mark(N_("Safe"), "shield-check", "normal"),
    "reversible": Mark(N_("Reversible"), "history", "info"),
    "disruptive": Mark(N_("Interrupts the device"), "alert-triangle", "warning"),
    "irreversible": Mark(N_("Cannot be undone"), "alert-octagon", "critical"),
}
LOG: Final[Mapping[str, Mark]] = {
    "fault": Mark(N_("Fault"), "alert-octagon", "fault"),
    "upgrade": Mark(N_("Upgrade"), "circle-arrow-up", "upgrading"),
    "command": Mark(N_("Command"), "terminal-2", "info"),
    "config": Mark(N_("Configuration"), "adjustments", "info"),
    "status": Mark(N_("Status"), "activity", "info"),
    "repair": Mark(N_("Repair"), "tool", "warning"),
    "self_check": Mark(N_("Self-check"), "shield-check", "normal"),
    "unparsed": Mark(N_("Not understood"), "help-circle", "unknown"),
}
NMI: Final[Mapping[str, Mark]] = {
    "unregistered": Mark(N_("Unregistered"), "clock", "unknown"),
    "registering": Mark(N_("Registering"), "send", "info"),
    "registered": Mark(N_("Registered"), "circle-check", "success"),
    "failed": Mark(N_("Failed"), "alert-octagon", "failed"),
}
CORRECTION: Final[Mapping[str, Mark]] = {
    "waiting": Mark(N_("Waits for approval"), "clock", "warning"),
    "active": Mark(N_("In force"), "circle-check", "success"),
    "refused": Mark(N_("Refused"), "x", "unknown"),
    "undone": Mark(N_("Undone"), "history", "unknown"),
}
INSTALLATION: Final[Mapping[str, Mark]] = {
    "installed": Mark(N_("Installed"), "circle-check", "success"),
    "moved": Mark(N_("Moved"), "history", "unknown"),
    "handed_over": Mark(N_("Handed over"), "history", "unknown"),
    "removed": Mark(N_("Removed"), "x", "unknown"),
    "replaced": Mark(N_("Replaced"), "refresh", "unknown"),
}
SERIAL_NUMBER: Final[Mapping[str, Mark]] = {
    "unactivated": Mark(N_("Unactivated"), "clock", "unknown"),
    "activated": Mark(N_("Activated"), "circle-check", "info"),
    "bound": Mark(N_("Bound"), "link", "success"),
}
