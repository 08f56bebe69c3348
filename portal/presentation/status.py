"""How a system is doing, as shape, word and colour."""

from collections.abc import Mapping
from typing import Final

from attrs import frozen


@frozen
class Mark:
    """A status: its word, its icon, and the colour it goes by."""

    word: str
    icon: str
    colour: str


SYSTEM: Final[Mapping[str, Mark]] = {
    "all": Mark("All", "layout-grid", "all"),
    "normal": Mark("Normal", "circle-check", "normal"),
    "fault": Mark("Fault", "alert-octagon", "fault"),
    "offline": Mark("Offline", "wifi-off", "offline"),
    "protection": Mark("Protection", "shield-check", "protection"),
    "upgrading": Mark("Upgrading", "circle-arrow-up", "upgrading"),
    "new": Mark("New", "star", "new"),
}
SEVERITY: Final[Mapping[str, Mark]] = {
    "critical": Mark("Critical", "alert-octagon", "critical"),
    "protection": Mark("Protection", "shield-check", "protection"),
    "warning": Mark("Warning", "alert-triangle", "warning"),
    "info": Mark("Notice", "info-circle", "info"),
}
COMMAND: Final[Mapping[str, Mark]] = {
    "QUEUED": Mark("Queued", "clock", "info"),
    "SENT": Mark("Sent", "send", "info"),
    "ACKED": Mark("Accepted", "check", "info"),
    "RUNNING": Mark("Running", "refresh", "info"),
    "SUCCEEDED": Mark("Applied", "circle-check", "success"),
    "FAILED": Mark("Failed", "alert-octagon", "failed"),
    "REJECTED": Mark("Rejected", "x", "failed"),
    "TIMED_OUT": Mark("No answer", "clock", "warning"),
    "EXPIRED": Mark("Expired", "clock", "warning"),
    "CANCELLED": Mark("Withdrawn", "x", "unknown"),
}
RISK: Final[Mapping[str, Mark]] = {
    "read": Mark("Only reads", "eye", "info"),
    "safe": Mark("Safe", "shield-check", "normal"),
    "reversible": Mark("Reversible", "history", "info"),
    "disruptive": Mark("Interrupts the device", "alert-triangle", "warning"),
    "irreversible": Mark("Cannot be undone", "alert-octagon", "critical"),
}
LOG: Final[Mapping[str, Mark]] = {
    "fault": Mark("Fault", "alert-octagon", "fault"),
    "upgrade": Mark("Upgrade", "circle-arrow-up", "upgrading"),
    "command": Mark("Command", "terminal-2", "info"),
    "config": Mark("Configuration", "adjustments", "info"),
    "status": Mark("Status", "activity", "info"),
    "repair": Mark("Repair", "tool", "warning"),
    "self_check": Mark("Self-check", "shield-check", "normal"),
    "unparsed": Mark("Not understood", "help-circle", "unknown"),
}
