"""Device logs: lines into records of seven kinds, by templates that match in linear time."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from attrs import field, frozen, validators

from core.thing_model.declaration import Declaration

LogKind = Literal["fault", "upgrade", "command", "config", "status", "repair", "self_check"]
LOG_KINDS: tuple[LogKind, ...] = (
    "fault",
    "upgrade",
    "command",
    "config",
    "status",
    "repair",
    "self_check",
)
LINE_LIMIT = 8192
"""Characters of a line that are looked at; the rest is kept but not parsed."""
TIME_LIMIT = 64
"""Characters that a written time has at most."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@frozen
class Template:
    """Literal text with `{placeholders}`, each of which takes up to the next literal text."""

    literals: tuple[str, ...]
    placeholders: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Template":
        """Raises ValueError for placeholders that touch, because nothing says where one ends."""
        parts = _PLACEHOLDER.split(text)
        literals, placeholders = tuple(parts[::2]), tuple(parts[1::2])
        if any(not literal for literal in literals[1:-1]):
            raise ValueError(f"{text!r}: two placeholders need text between them")
        return cls(literals, placeholders)

    def match(self, text: str, time_format: str = "") -> dict[str, str] | None:
        """The placeholders' texts if the whole of `text` fits, found left to right.

        A `{time}` has to read by its format, and may hold the literal text that follows it.
        """
        if not text.startswith(self.literals[0]):
            return None
        at, found = len(self.literals[0]), dict[str, str]()
        for name, literal in zip(self.placeholders, self.literals[1:], strict=True):
            last = name == self.placeholders[-1] and literal is self.literals[-1]
            end = len(text) - len(literal) if last else text.find(literal, at)
            while name == "time" and end >= at and not _is_time(text[at:end], time_format):
                end = -1 if last or end > at + TIME_LIMIT else text.find(literal, end + 1)
            if end < at or not text.startswith(literal, end):
                return None
            found[name] = text[at:end]
            at = end + len(literal)
        return found if at == len(text) else None

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with its placeholders filled in; the inverse of `match`."""
        pairs = zip(self.placeholders, self.literals[1:], strict=True)
        return self.literals[0] + "".join(values[name] + literal for name, literal in pairs)


def _is_time(text: str, time_format: str) -> bool:
    try:
        return not time_format or bool(datetime.strptime(text, time_format))  # noqa: DTZ007  the device's own clock has no zone
    except ValueError:
        return False


def _template(text: str) -> Template:
    return Template.of(text)


def _optional_template(text: str | None) -> Template | None:
    return None if text is None else Template.of(text)


@frozen
class LogRule(Declaration):
    """How one kind of line reads.

    Known placeholders are `name` (of a datapoint, or one of its aliases), `old`, `new`, `code`,
    `time` (by `time_format`, the device's own clock), `message`; any other is kept as it is.
    With `items` the text of the placeholder `{items}` is split at `separator`, and each piece
    matches the template `items`: one record each.
    """

    kind: LogKind = field(validator=validators.in_(LOG_KINDS))
    line: Template = field(converter=_template)
    items: Template | None = field(default=None, kw_only=True, converter=_optional_template)
    separator: str = field(default=";", kw_only=True)
    time_format: str = field(default="", kw_only=True)
    doc: str = field(default="", kw_only=True)

    def read(self, text: str) -> "list[LogRecord] | None":
        """The records of a line, or None if it does not read so."""
        found = self.line.match(text, self.time_format)
        if found is None:
            return None
        if self.items is None:
            return [self._record(found)]
        records: list[LogRecord] = []
        for piece in found.pop("items", "").split(self.separator):
            if piece.strip() in ("", "..."):
                continue
            item = self.items.match(piece.strip(), self.time_format)
            if item is None:
                return None
            records.append(self._record({**found, **item}))
        return records or None

    def _record(self, found: Mapping[str, str]) -> "LogRecord":
        known = {name: found.get(name, "") for name in ("name", "old", "new", "code", "message")}
        rest = {n: text for n, text in found.items() if n not in known and n != "time"}
        return LogRecord(self.kind, time=found.get("time", ""), extra=rest, **known)


@frozen
class LogRecord:
    """One readable record out of a line: texts as the device wrote them."""

    kind: LogKind
    name: str = ""
    old: str = ""
    new: str = ""
    code: str = ""
    message: str = ""
    time: str = ""
    extra: Mapping[str, str] = field(factory=dict[str, str], hash=False)


def read_line(rules: Iterable[LogRule], line: str) -> list[LogRecord] | None:
    """The records of a line by the first rule that fits; None if no rule knows it."""
    text = line[:LINE_LIMIT].strip()
    return next((found for rule in rules if (found := rule.read(text)) is not None), None)
