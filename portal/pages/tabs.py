"""The tabs of the device page, and what every page of a device shows around its own."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from portal.pages.device import Device
from portal.texts import N_, _, translated
from portal.twins import Loaded


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
        Tab("settings", N_("System settings"), "settings"),
        Tab("", N_("Overview"), "home-bolt"),
        Tab("site-settings", N_("Site settings"), "adjustments"),
        Tab("readings", N_("Readings"), "gauge", "telemetry:read"),
        Tab("faults", N_("Faults"), "alert-triangle", "faults:read"),
        Tab("commands", N_("Commands"), "terminal-2", "commands:read"),
        Tab("firmware", N_("Firmware versions"), "cpu"),
        Tab("logs", N_("Logs"), "file-text", "logs:read"),
        Tab("telemetry", N_("Telemetry"), "chart-line", "telemetry:read"),
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


def loaded_tab(  # noqa: PLR0917  the parts of every tab
    device: Device,
    document: Any,
    tab: str,
    rows: Any,
    header: tuple[str, ...],
    view: Mapping[str, Any],
    *,
    streams: bool = True,
) -> Loaded[Any]:
    """A tab with its title and the way to it."""
    crumbs = ((_("ESS systems"), "/systems"), (device.sn, f"/systems/{device.sn}"))
    title = device.sn if not tab else _("%(what)s of %(sn)s", what=TABS[tab].title, sn=device.sn)
    return Loaded(
        document,
        title,
        rows,
        header,
        crumbs if tab else crumbs[:1],
        {**device_view(device, tab, streams=streams), **view},
    )
