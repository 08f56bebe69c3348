"""Why a system is offline, as far as facts tell: each with where it can be looked up."""

from attrs import frozen

from core.fleet.beside import Beside
from portal.presentation.times import duration
from portal.texts import _


@frozen
class Fact:
    """What is known, and the page that shows it; `at` is when it was, UTC milliseconds.

    telling: whether it is out of the ordinary.
    """

    text: str
    address: str
    at: int | None = None
    telling: bool = False


def last_frame(path: str, at: int | None, expected: float | None, after: int | None) -> Fact:
    """When it was last heard, against how often that is to be."""
    if at is None:
        return Fact(_("No frame of it ever arrived."), f"{path}/readings", telling=True)
    text = _("The last frame arrived.")
    if expected:
        text = _("The last frame arrived; one is expected every %(time)s.", time=duration(expected))
    elif after:
        text = _("The last frame arrived; after %(time)s it is offline.", time=duration(after))
    return Fact(text, f"{path}/telemetry", at)


def session(path: str, online: bool | None, at: int | None) -> Fact:  # noqa: FBT001
    """What the broker's session of it says: its own word, or its last will."""
    if online is None:
        return Fact(_("It never announced itself at the broker."), f"{path}/settings", at)
    if online:
        text = _("Its session at the broker was not ended: it says that it is online.")
        return Fact(text, f"{path}/settings", at)
    text = _("Its session at the broker ended: it took its leave, or the broker lost it.")
    return Fact(text, f"{path}/settings", at, telling=True)


def of_site(address: str, found: Beside | None) -> Fact:
    if found is None:
        text = _("It stands at no site, so nothing is known of others there.")
        return Fact(text, address)
    if not found.all:
        return Fact(_("No other system stands at its site."), address)
    return Fact(_beside(_("At its site"), found), address, telling=found.together > 0)


def of_plugin(address: str, plugin: str, found: Beside) -> Fact:
    if not found.all:
        text = _("No other system speaks through the plugin %(plugin)s.", plugin=plugin)
        return Fact(text, address)
    words = _("Of the plugin %(plugin)s", plugin=plugin)
    return Fact(_beside(words, found), address, telling=found.together > 0)


def _beside(which: str, found: Beside) -> str:
    return _(
        "%(which)s %(offline)s of %(all)s other systems are offline, "
        "%(together)s of them since the same quarter of an hour.",
        which=which,
        offline=found.offline,
        all=found.all,
        together=found.together,
    )
