"""Moments as people read them: on the site's clock or in UTC, and how long ago."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from attrs import frozen

from portal.texts import N_, _, translated

STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
AGO: Final = {
    "d": N_("%(number)s d ago"),
    "h": N_("%(number)s h ago"),
    "min": N_("%(number)s min ago"),
    "s": N_("%(number)s s ago"),
}


@frozen
class Zone:
    """The clock that a page shows: `name` is IANA's, `label` what its chip says."""

    name: str
    label: str

    def at(self, milliseconds: int) -> datetime:
        return datetime.fromtimestamp(milliseconds / 1000, ZoneInfo(self.name))

    def shown(self, milliseconds: int) -> str:
        """Date and time to the second."""
        return self.at(milliseconds).strftime("%Y-%m-%d %H:%M:%S")

    def clock(self, milliseconds: int) -> str:
        """The time of day, and the zone's own abbreviation or offset."""
        return self.at(milliseconds).strftime("%H:%M %Z")


def zone_of(site: str, wanted: str) -> Zone:
    """The site's clock, or UTC where that is wanted or the site's zone is not known."""
    if wanted == "utc" or not site:
        return Zone("UTC", "UTC")
    return Zone(site, _("Site time, %(zone)s", zone=site.replace("_", " ")))


def iso(milliseconds: int) -> str:
    """For machines: UTC, with milliseconds."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(milliseconds: int) -> str:
    """How long ago, in the largest unit that fits; as `ago` in app.js."""
    seconds = milliseconds // 1000
    for step, unit in STEPS:
        if seconds >= step:
            return translated(AGO[unit]) % {"number": seconds // step}
    return _("now")


def duration(seconds: float) -> str:
    """A span of time in its largest whole unit."""
    for step, unit in STEPS:
        if seconds >= step and seconds % step == 0:
            return f"{seconds / step:g} {unit}"
    return f"{seconds:g} s"
