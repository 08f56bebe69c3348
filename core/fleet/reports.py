"""What is wrong with many rows at once: counted in full, listed up to a cap."""

from collections.abc import Callable, Iterable
from typing import Final

from attrs import define, field

from core.records import RequestError
from core.thing_model.problems import Problem

MOST_LISTED: Final = 100


def _forget(_: Problem) -> None:
    """What nobody wants to be told."""


@define
class Report:
    """Problems as they are found. `wrong` counts rows, `problems` lists the first of them.

    tell: is told every problem, for whoever wants more than the first.
    """

    rows: int = 0
    wrong: int = 0
    problems: list[Problem] = field(factory=list[Problem])
    tell: Callable[[Problem], None] = _forget

    @property
    def good(self) -> int:
        return self.rows - self.wrong

    def add(self, problems: Iterable[Problem]) -> bool:
        """Count a row; whether it is good."""
        self.rows += 1
        found = list(problems)
        if not found:
            return True
        self.reject(*found)
        return False

    def reject(self, *problems: Problem) -> None:
        """Count a row as wrong that was counted as good."""
        self.wrong += 1
        for problem in problems:
            self.tell(problem)
        self.problems.extend(problems[: max(0, MOST_LISTED - len(self.problems))])


def refuse(problems: Iterable[Problem]) -> None:
    """Raise RequestError where there are any: the first of them, and how many more there are."""
    listed: list[Problem] = []
    more = 0
    for problem in problems:
        if len(listed) < MOST_LISTED:
            listed.append(problem)
        else:
            more += 1
    if more:
        listed.append(Problem("more", f"{more} others are wrong, too"))
    if listed:
        raise RequestError(*listed)
