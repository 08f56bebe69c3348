"""The tabs of the device page, and what every page of a device shows around its own."""

from typing import Any, Final

from attrs import frozen

from portal.pages.device import Device
from portal.texts import N_, translated


@frozen
class Tab:
    """A tab of the device page."""

    id: str
    text: str
    icon: str
    permission: str = "systems:read"

    @property
    def title(self) -> str:
        return translated(self.text)

    @property
    def template(self) -> str:
        return f"system/{self.id or 'overview'}.html.jinja"

    def address(self, sn: str) -> str:
        return f"/systems/{sn}/{self.id}" if self.id else f"/systems/{sn}"


TABS: Final = {
    tab.id: tab
    for tab in (
        Tab("", N_("Overview"), "home-bolt"),
        Tab("readings", N_("Readings"), "gauge", "telemetry:read"),
        Tab("faults", N_("Faults"), "alert-triangle", "faults:read"),
        Tab("commands", N_("Commands"), "terminal-2", "commands:read"),
        Tab("logs", N_("Logs"), "file-text", "logs:read"),
    )
}


def device_view(device: Device, tab: str, *, streams: bool = True) -> dict[str, Any]:
    """What the frame of a device page needs; with `streams` its tab is kept up to date."""
    return {
        "device": device,
        "zone": device.zone,
        "tab": tab,
        "tabs": TABS,
        "record": device.record,
        "streams": streams,
    }
