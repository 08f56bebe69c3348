"""What rows can be filtered by. A filter is data; tables and memory both go by it.

In an address a filter is `key=value`. A choice may be there several times; a range has `key.from`
and `key.to`; a text that has to fit exactly is `key.exact`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from attrs import frozen

from core.listing.moments import instant
from core.thing_model.problems import Problem

SHORTEST_PART: Final = 3
"""A text shorter than this is taken as a beginning, also where any part is looked for."""
MOST_CHOICES: Final = 50


@frozen
class Words:
    """A text that was asked for: exactly, or as a beginning or part."""

    text: str
    exact: bool = False


@frozen
class Span:
    """From `low` to `high`, both included; None is open."""

    low: float | None
    high: float | None


Given = Words | Span | tuple[str, ...] | bool


@frozen
class Text:
    """Text by its beginning or, with `match="part"`, by any part of 3 or more characters.

    `fold` says how the column is written, so that what people type is folded the same way ("case"
    is `str.casefold`); without it the comparison minds upper and lower case.
    """

    key: str
    column: str = ""
    match: Literal["exact", "beginning", "part"] = "part"
    fold: Literal["", "upper", "lower", "case"] = ""
    longest: int = 128

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.key, f"{self.key}.exact")


@frozen
class Choice:
    """One or several of some values; `choices` names them where they are known beforehand.

    `facet` says that the list tells how many rows there are of each of them.
    """

    key: str
    column: str = ""
    choices: tuple[str, ...] = ()
    facet: bool = True

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.key,)


@frozen
class Number:
    """A range of numbers."""

    key: str
    column: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        return (f"{self.key}.from", f"{self.key}.to")


@frozen
class Time:
    """A range of time over a column of UTC milliseconds.

    Dates (2026-11-22), times (2026-11-22T10:42+01:00), UTC milliseconds, and "now-24h", "now-7d".
    """

    key: str
    column: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        return (f"{self.key}.from", f"{self.key}.to")


@frozen
class Flag:
    """Yes or no."""

    key: str
    column: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.key,)


Filter = Text | Choice | Number | Time | Flag


@frozen
class Clock:
    """What times are read by: now in UTC milliseconds, and the zone of a time that names none."""

    now: int
    zone: str = "UTC"


def column_of(filter: Filter) -> str:
    """The column that a filter is about."""
    return filter.column or filter.key


def read(
    filter: Filter, said: Mapping[str, Sequence[str]], clock: Clock
) -> tuple[Given | None, list[Problem]]:
    """What was said of a filter, and what is wrong with it; None where nothing was said."""
    given = {name: [v.strip() for v in said.get(name, ())] for name in filter.parameters}
    given = {name: [v for v in values if v] for name, values in given.items()}
    if not any(given.values()):
        return None, []
    reader: Callable[..., tuple[Given | None, list[Problem]]] = _READERS[type(filter)]
    return reader(filter, given, clock)


def _text(
    filter: Text, given: Mapping[str, Sequence[str]], _: Clock
) -> tuple[Given | None, list[Problem]]:
    name = next(name for name, values in given.items() if values)
    text = given[name][-1]
    if len(text) > filter.longest:
        what = f"is longer than {filter.longest} characters"
        return None, [Problem(name, what, "shorten it")]
    if "\0" in text or not text.isprintable():
        return None, [
            Problem(name, "holds characters that cannot be searched for", "take them out")
        ]
    folded = _FOLDS[filter.fold](text)
    return Words(folded, exact=name.endswith(".exact") or filter.match == "exact"), []


def _choice(
    filter: Choice, given: Mapping[str, Sequence[str]], _: Clock
) -> tuple[Given | None, list[Problem]]:
    chosen = tuple(dict.fromkeys(given[filter.key]))
    if len(chosen) > MOST_CHOICES:
        what = f"names more than {MOST_CHOICES} values"
        return None, [Problem(filter.key, what, "name fewer")]
    unknown = [c for c in chosen if filter.choices and c not in filter.choices]
    if unknown:
        what = f"{unknown[0]!r} is none of its values"
        return None, [Problem(filter.key, what, f"it can be {', '.join(filter.choices)}")]
    return chosen, []


def _number(
    filter: Number, given: Mapping[str, Sequence[str]], _: Clock
) -> tuple[Given | None, list[Problem]]:
    return _span(filter, given, lambda text, _high: _decimal(text), "write a number, such as 7.5")


def _time(
    filter: Time, given: Mapping[str, Sequence[str]], clock: Clock
) -> tuple[Given | None, list[Problem]]:
    def at(text: str, high: bool) -> float:  # noqa: FBT001  one of two ends
        return instant(text, clock.now, clock.zone, end=high)

    return _span(filter, given, at, "write 2026-11-22, 2026-11-22T10:42 or now-24h")


def _flag(
    filter: Flag, given: Mapping[str, Sequence[str]], _: Clock
) -> tuple[Given | None, list[Problem]]:
    word = given[filter.key][-1]
    if word not in ("yes", "no"):
        return None, [Problem(filter.key, f"{word!r} is neither yes nor no", "write yes or no")]
    return word == "yes", []


def _span(
    filter: Number | Time,
    given: Mapping[str, Sequence[str]],
    reader: Callable[[str, bool], float],
    hint: str,
) -> tuple[Given | None, list[Problem]]:
    ends: list[float | None] = []
    problems: list[Problem] = []
    for name in filter.parameters:
        text = given[name][-1] if given[name] else ""
        try:
            ends.append(reader(text, name.endswith(".to")) if text else None)
        except ValueError:
            problems.append(Problem(name, f"{text[:40]!r} cannot be read", hint))
    if problems:
        return None, problems
    low, high = ends
    if low is not None and high is not None and low > high:
        return None, [Problem(filter.parameters[0], "lies behind its end", "turn the two round")]
    return Span(low, high), []


def _decimal(text: str) -> float:
    number = float(text)
    if not -1e18 < number < 1e18:
        raise ValueError(text)
    return int(number) if number.is_integer() else number


_FOLDS: Final[Mapping[str, Callable[[str], str]]] = {
    "": str,
    "upper": str.upper,
    "lower": str.lower,
    "case": str.casefold,
}
_READERS: Final[Mapping[type, Callable[..., tuple[Given | None, list[Problem]]]]] = {
    Text: _text,
    Choice: _choice,
    Number: _number,
    Time: _time,
    Flag: _flag,
}
