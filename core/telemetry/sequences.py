"""Which messages of one start of a device are missing, told by their numbers; plain computation.

What is missing depends on what came only, not on its order: messages come late, again, and before
those that were sent earlier.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from attrs import define, field

JOINED: Final = 1000
"""Where the lowest number that came is higher, the device was not ours from its start on, and what
it sent before is not missed. Otherwise everything from 1 on is."""
HIGHEST: Final = 1 << 62
"""No device counts that far; what claims to is not counted."""

Range = tuple[int, int]


@define(eq=False)
class Gap:
    """Numbers `first` to `last` did not come in turn; `ranges` are those still missing, in order.

    Times are the device's: of the message before, None where there is none, and of the one behind.
    """

    first: int
    last: int
    ranges: list[Range]
    after_time: int | None
    before_time: int
    id: int | None = None
    noticed_at: int = 0
    changed: bool = False

    @property
    def missing(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def fill(self, number: int) -> None:
        """Take away a number that came after all."""
        at = bisect_right(self.ranges, (number, HIGHEST)) - 1
        if at >= 0 and number <= self.ranges[at][1]:
            first, last = self.ranges[at]
            rest = [(first, number - 1), (number + 1, last)]
            self.ranges[at : at + 1] = [(a, b) for a, b in rest if a <= b]
            self.changed = True


@define(eq=False)
class Start:
    """All from `lowest` to `highest` came but for the gaps; times are the device's at both ends."""

    lowest: int
    highest: int
    first_time: int
    last_time: int
    gaps: list[Gap] = field(factory=list[Gap])

    def take(self, number: int, time: int) -> None:
        """Take in the number and time of one message."""
        if number > self.highest:
            self._miss(self.highest + 1, number - 1, self.last_time, time)
            self.highest, self.last_time = number, time
        elif number < self.lowest:
            self._miss(number + 1, self.lowest - 1, time, self.first_time)
            self.lowest, self.first_time = number, time
            self.reach_back()
        else:
            for gap in self.gaps:
                if gap.first <= number <= gap.last:
                    gap.fill(number)

    def reach_back(self) -> None:
        """Miss what comes before the lowest number, if the device was ours then."""
        if 1 < self.lowest <= JOINED:
            self._miss(1, self.lowest - 1, None, self.first_time)
            self.lowest = 1

    def _miss(self, first: int, last: int, after: int | None, before: int) -> None:
        if first <= last:
            self.gaps.append(Gap(first, last, [(first, last)], after, before))


def begin(marks: Iterable[tuple[int, int]]) -> Start:
    """What is known of a start after its first messages, as number and time, lowest first."""
    (number, time), *others = marks
    start = Start(number, number, time, time)
    start.reach_back()
    for mark in others:
        start.take(*mark)
    return start
