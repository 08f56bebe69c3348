"""Moments as people read them: on a site's clock, their own or in UTC, and how long ago."""

from datetime import UTC, datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from attrs import frozen

from portal.texts import N_, _, translated

Choice = Literal["site", "utc", "me"]
CHOICES: Final[tuple[Choice, ...]] = ("site", "utc", "me")
LONGEST: Final = 64
STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
AGO: Final = {
    "d": N_("%(number)s d ago"),
    "h": N_("%(number)s h ago"),
    "min": N_("%(number)s min ago"),
    "s": N_("%(number)s s ago"),
}


@frozen
class Zone:
    """The clock that a page shows.

    name: IANA's.
    label: what its chip says.
    choice: which of the clocks it is; "utc" also where the one that was asked for is not known.
    others: the choices that differ from it, in the order of the chip.
    """

    name: str
    label: str
    choice: Choice = "utc"
    others: tuple[Choice, ...] = ()

    def at(self, milliseconds: int) -> datetime:
        return datetime.fromtimestamp(milliseconds / 1000, ZoneInfo(self.name))

    def shown(self, milliseconds: int) -> str:
        """Date and time to the second."""
        return self.at(milliseconds).strftime("%Y-%m-%d %H:%M:%S")

    def clock(self, milliseconds: int) -> str:
        """The time of day, and the zone's own abbreviation or offset."""
        return self.at(milliseconds).strftime("%H:%M %Z")


def zone_of(site: str, wanted: str, mine: str = "") -> Zone:
    """The clock of the site (`site` is its IANA name), one's own (`mine`), or UTC.

    UTC is also shown where the zone of the wanted clock is not known.
    """
    names = {"site": site, "utc": "UTC", "me": mine if is_known(mine) else ""}
    there: dict[str, Choice] = {choice: choice for choice in CHOICES if names[choice]}
    chosen = there.get(wanted, "utc")
    order = list(there.values())
    after = order.index(chosen)
    name = names[chosen]
    label = translated({"site": N_("Site time"), "utc": "UTC", "me": N_("My time")}[chosen])
    if chosen != "utc":
        label = f"{label}, {name.replace('_', ' ')}"
    return Zone(name, label, chosen, (*order[after + 1 :], *order[:after]))


def is_known(name: str) -> bool:
    """Whether a text from outside is the name of a zone."""
    if not name or len(name) > LONGEST:
        return False
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def iso(milliseconds: int) -> str:
    """For machines: UTC, with milliseconds."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ages() -> str:
    """The words of `age` for the browser: of days, hours, minutes, seconds, and of now."""
    return "|".join([*(translated(AGO[unit]) for _step, unit in STEPS), _("now")])


def age(milliseconds: int) -> str:
    """How long ago, in the largest unit that fits; as `ago` in live.js."""
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
