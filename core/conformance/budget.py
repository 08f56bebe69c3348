"""How long a stranger's plugin may be tried: one budget for all that is done with it."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from attrs import define, field

SECONDS: Final = 20.0
"""What unpacking, loading and all rules together may take of a plugin that was uploaded."""
Item = TypeVar("Item")


class OverBudgetError(Exception):
    """The time is used up; the message says how much there was, and at which step it ended."""


@define
class Budget:
    """Seconds to spend from now on, without end unless they are said.

    Who spends them says the step, and asks again and again. Nobody is interrupted: a step asks
    between its vectors and its mutants.
    """

    seconds: float = math.inf
    clock: Callable[[], float] = time.monotonic
    step: str = ""
    _begun: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._begun = self.clock()

    def begin(self, step: str) -> None:
        """Go on with another step. Raises OverBudgetError, of the last step, where time is up."""
        self.check()
        self.step = step

    def check(self) -> None:
        """Raises OverBudgetError where more time was spent than there is."""
        if self.clock() - self._begun > self.seconds:
            raise OverBudgetError(f"took more than {self.seconds:g} s, and ran over in {self.step}")

    def watched(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, asking before each of them."""
        for item in items:
            self.check()
            yield item
