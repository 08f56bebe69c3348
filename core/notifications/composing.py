"""Writes a message: a rule's text, or its usual one, with what it is about."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from attrs import frozen

from core.notifications import words
from core.notifications.rules import Rule
from core.notifications.texts import Text, filled, one_line
from core.notifications.words import Say
from core.registry import Registry

LISTED: Final = 50
"""Faults that a message has lines of; of the others it says how many there are."""
NAMED: Final = 20
"""Serial numbers that a link names."""

News = Literal["waiting", "closing"]


@frozen
class Told:
    """A fault as a message tells of it, with what its system is; times are UTC milliseconds."""

    sn: str
    system: str
    slot: str
    code: str
    severity: str
    opened_at: int
    country: str
    product_id: str = ""
    product_version: str = ""
    firmware: str = ""


@frozen
class Subject:
    """What a message is about: `total` faults, the gravest of which are told one by one.

    news: whether they are there, or gone again.
    """

    news: News
    total: int
    told: Sequence[Told]


@frozen
class Composer:
    """Writes messages in the words of an installation.

    portal: how addresses of the portal begin, "" where nobody said.
    """

    registry: Registry
    portal: str
    say: Say = words.english

    def write(self, rule: Rule, subject: Subject, language: str, timezone: str) -> Text:
        """The message in a language, or in the rule's own, with times by the clock of a zone."""
        texts, own = rule.reminder.texts, rule.reminder.language
        spoken = language if language in texts else own
        values = self._values(rule, subject, spoken, timezone or rule.reminder.timezone)
        text = texts[spoken]
        return Text(one_line(filled(text.subject, values)), filled(text.body, values))

    def _values(
        self, rule: Rule, subject: Subject, language: str, timezone: str
    ) -> Mapping[str, Any]:
        first = subject.told[0]
        more = subject.total - 1
        gone = subject.news == "closing"
        return {
            "rule": rule.reminder.name,
            "state": self.say(language, words.RESOLVED if gone else words.FAULT),
            "count": subject.total,
            "others": f" {self._more(language, more)}" if more else "",
            "sn": first.sn,
            "system": first.system,
            "fault": self._name(first),
            "level": self.say(language, words.LEVELS.get(first.severity, first.severity)),
            "since": _time(first.opened_at, timezone),
            "country": first.country,
            "list": self._list(subject, language, timezone),
            "link": self.portal + _path(subject),
        }

    def _list(self, subject: Subject, language: str, timezone: str) -> str:
        lines = [self._line(each, language, timezone) for each in subject.told]
        if rest := subject.total - len(lines):
            lines.append(self._more(language, rest))
        return "\n".join(lines)

    def _line(self, told: Told, language: str, timezone: str) -> str:
        level = self.say(language, words.LEVELS.get(told.severity, told.severity))
        named = (told.sn, told.system, told.slot, self._name(told))
        return " · ".join([level, *filter(None, named), _time(told.opened_at, timezone)])

    def _more(self, language: str, count: int) -> str:
        return self.say(language, words.MORE) % {"count": count}

    def _name(self, told: Told) -> str:
        """What its declaration calls it; the code where there is none."""
        model = self.registry.system_of(told.product_id, told.product_version, told.firmware)
        part = model.parts.get(told.slot) if model else None
        found = next((f.name for f in part.faults if f.code == told.code), "") if part else ""
        return found or told.code


def sample(say: Say, language: str, now: int) -> Subject:
    """What a rule would say, of a fault that says itself that it is none."""
    fault = say(language, words.SAMPLE_FAULT)
    told = Told(say(language, words.SAMPLE), "", "", fault, "info", now, "")
    return Subject("waiting", 1, (told,))


def _path(subject: Subject) -> str:
    """Where the portal shows these faults."""
    names = list(dict.fromkeys(told.sn for told in subject.told))
    if subject.total == len(subject.told) and len(names) <= NAMED:
        return f"/faults?{urlencode({'q': '|'.join(names)})}"
    since = min(told.opened_at for told in subject.told)
    return f"/faults?{urlencode({'state': 'active', 'opened_at.from': since})}"


def _time(at: int, timezone: str) -> str:
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(timezone or "UTC"))
    return f"{local:%Y-%m-%d %H:%M} ({timezone or 'UTC'})"
