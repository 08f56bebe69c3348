"""What the tariffs' services say, in the reader's language.

`core` knows no languages: each of its sentences is found by its shape, its numbers and names are
kept. A sentence that is not known here stays as it is.
"""

import re
from typing import Final

from core.thing_model.problems import Problem
from portal.texts import N_, translated

SENTENCES: Final = (
    N_("has %(number)s characters"),
    N_("say what the plan is called in 1 to %(number)s"),
    N_("at most %(number)s"),
    N_("%(name)s is not a currency"),
    N_("three letters of ISO 4217, such as EUR"),
    N_("%(one)s is before the first day, %(other)s"),
    N_("the last day, or nothing until further notice"),
    N_("are %(number)s"),
    N_("1 to %(number)s of them"),
    N_("%(name)s is not the name of a band"),
    N_("lower-case letters, digits and _, such as off_peak"),
    N_("%(number)s is not a number"),
    N_("%(number)s is below 0 or above %(most)s"),
    N_("%(number)s has more than %(places)s decimals"),
    N_("0 to %(most)s per kWh, at most %(places)s decimals"),
    N_("has %(number)s half hours"),
    N_("a day has %(number)s"),
    N_("has no price"),
    N_("put it into a band"),
    N_("there is no band %(name)s"),
    N_("bands are %(names)s"),
    N_("%(name)s holds from %(one)s until further notice"),
    N_("%(name)s holds from %(one)s until %(other)s"),
    N_("let one of the two end before the other begins"),
    N_("has %(number)s plans"),
    N_("remove one first"),
    N_("is not JSON: %(why)s"),
    N_("export a plan to see its form"),
    N_("%(name)s is no day of the calendar"),
    N_("year-month-day"),
    N_("ends at or before its start"),
    N_("a window past midnight is two: until 24:00, and from 00:00"),
    N_("overlaps an earlier window of %(band)s at %(times)s"),
    N_("let only one of them hold that time"),
    N_("has one buying price on a weekday"),
    N_("has one buying price on a weekend"),
    N_("there is no time to charge or discharge for"),
    N_("%(name)s has no command with windows to charge a battery in"),
    N_("%(name)s has no command with windows to discharge a battery in"),
    N_("set it at the device, or choose another mode"),
    N_("has other windows on a weekday"),
    N_("has other windows on a weekend"),
    N_("the device knows one day: they hold daily"),
    N_("%(times)s is left out: the device knows %(number)s windows"),
    N_("the longest are kept"),
    N_("%(times)s is left out"),
    N_("it is told whole hours"),
    N_("%(times)s becomes %(others)s"),
    N_("the device cannot be told these times exactly"),
    N_("is not offered for this system"),
    N_("function missing on %(name)s"),
    N_("needs EMS %(version)s, device has %(own)s"),
    N_("not sold in %(name)s, only in %(names)s"),
    N_("the device does not report %(name)s"),
    N_("belongs to the same function and is not among the requests"),
)


def said(words: str) -> str:
    """Words of `core.tariffs` in the reader's language."""
    for shape, text in _SHAPES:
        if found := shape.fullmatch(words):
            return translated(text) % found.groupdict()
    return words


def sentence(problem: Problem) -> tuple[str, str]:
    """A problem as a list tells it: its place, and what is wrong there."""
    what = said(problem.what)
    hint = "; ".join(map(said, problem.hint.split("; ")))
    return problem.where, f"{what}: {hint}" if hint else what


def _shape(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", re.escape(text)), re.DOTALL)


_SHAPES: Final = tuple((_shape(text), text) for text in SENTENCES)
