"""What can be not well with an installation, in words, with what to do about it."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from attrs import field, frozen

Level = Literal["ok", "warning", "critical"]
LEVELS: Final[tuple[Level, ...]] = ("ok", "warning", "critical")

MEANINGS: Final[Mapping[str, tuple[str, str]]] = {
    "database_away": (
        "The database does not answer.",
        "Start it; nothing is lost meanwhile, devices and broker keep what is sent.",
    ),
    "ingest_silent": (
        "No ingest process has been heard of for a minute: what devices send waits.",
        "Start `thingwright ingest`; if it runs, its log says what holds it up.",
    ),
    "worker_silent": (
        "No worker process has been heard of for a minute: commands are not sent.",
        "Start `thingwright worker`; if it runs, its log says what holds it up.",
    ),
    "backlog": (
        "%(process)s has had full batches for %(minutes)s min: more comes in than it stores.",
        "Let it catch up, or start another ingest with a slot of its own.",
    ),
    "slow_acknowledgement": (
        "%(process)s has been storing one batch for %(seconds)s s.",
        "See whether the database is overloaded or locked, or its disk full.",
    ),
    "disk_full": (
        "The data disk of %(seen_by)s has %(free)s of %(total)s GiB left.",
        (
            "Make room, or let old frames be compacted or deleted earlier "
            "(THINGWRIGHT_HOT_DAYS, THINGWRIGHT_RETENTION_DAYS)."
        ),
    ),
    "plugins_left_out": (
        "Plugins left out, because something is wrong with them: %(names)s",
        "`thingwright plugins` says what is wrong with each.",
    ),
    "job_stopped": (
        "The background job %(job)s was stopped: %(error)s",
        "It is tried again each minute; mend what the sentence says.",
    ),
    "dead_letters": (
        "Messages that could not be taken in during the last hour: %(count)s",
        "The dead letters say why for each, and can be replayed once that is mended.",
    ),
    "messages_given_up": (
        "Messages of the last %(days)s days that could not be delivered: %(count)s",
        "The list of sent messages says why for each; mend that, and send them again.",
    ),
    "unapproved": (
        "Instructions that wait for a second person: %(count)s",
        "Look at each, and approve it or refuse it; until then nothing of it is sent.",
    ),
    "feed_silent": (
        "The live feed is not connected: pages show what is stored.",
        "See whether the broker runs; the portal connects again by itself.",
    ),
    "feed_late": (
        "The live feed lags %(seconds)s s behind: values on pages are old.",
        "Let ingest catch up, or start another one with a slot of its own.",
    ),
}
"""By code: the sentence, in which `%(name)s` stand for values, and what helps. English."""


@frozen
class Condition:
    """One thing that is so, of one of the codes of `MEANINGS`, as long as it is so."""

    code: str
    level: Level
    values: Mapping[str, str | int] = field(factory=dict[str, str | int])

    @property
    def text(self) -> str:
        """The sentence with the names of its values, as it is translated."""
        return MEANINGS[self.code][0]

    @property
    def sentence(self) -> str:
        """The sentence in English."""
        return self.text % self.values if self.values else self.text

    @property
    def hint(self) -> str:
        return MEANINGS[self.code][1]


def worst(conditions: Iterable[Condition]) -> Level:
    """The gravest level of them, "ok" if there are none."""
    return LEVELS[max((LEVELS.index(each.level) for each in conditions), default=0)]


def gravest_first(conditions: Iterable[Condition]) -> list[Condition]:
    """In order of their levels, otherwise as they come."""
    return sorted(conditions, key=lambda each: -LEVELS.index(each.level))
