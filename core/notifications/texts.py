"""Texts of messages: placeholders in braces, checked when a rule is saved, filled when it speaks.

Nothing of a value is ever read as a placeholder, and a placeholder reaches nothing but its value.
"""

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any, Final

from attrs import frozen

from core.records import printable
from core.thing_model.problems import Problem

LANGUAGES: Final = ("en", "zh")
PLACEHOLDERS: Final = (
    "state", "count", "others", "sn", "system", "fault", "level", "since", "country", "list",
    "link", "rule",
)  # fmt: skip
"""What a text may name. Where a message is about several faults, `sn` to `country` are of the
gravest, `others` says how many more there are, and `list` has a line for each."""
LONGEST_SUBJECT: Final = 200
LONGEST_BODY: Final = 4_000


@frozen
class Text:
    """What is said in one language."""

    subject: str
    body: str


def problems_of(where: str, template: str, longest: int) -> Iterator[Problem]:
    """What is wrong with one text."""
    if len(template) > longest:
        yield Problem(where, f"is longer than {longest} characters", "shorten it")
        return
    hint = "write " + ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        yield Problem(where, "has a brace without its other one", "a brace itself is {{ or }}")
        return
    for _, name, spec, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or spec or conversion):
            yield Problem(where, f"{{{name[:40]}}} is no placeholder", hint)


def filled(template: str, values: Mapping[str, Any]) -> str:
    """The text with its values."""
    parts = Formatter().parse(template)
    return "".join(said + ("" if name is None else str(values[name])) for said, name, _, _ in parts)


def one_line(text: str) -> str:
    """A subject: no line ends, nothing that a mail's head could be continued by."""
    return " ".join(printable(text).split())[:LONGEST_SUBJECT]
