"""What a datapoint's next value can be, given the last one that was believed.

A value is judged by what was believed before it *in the order of the devices' times*, never by what
happened to arrive before it. Whoever judges goes through the frames of a channel in that order, and
carries a `Belief` from one to the next:

- **Range** needs no memory; layouts check it while they decode.
- **Step**: the value may differ from the believed one by at most `step` for each second that lies
  between them (at least one second, because frames of one second may be apart by nearly two). The
  longer nothing could be believed, the more is allowed, so that a lasting change is believed in the
  end.
- **Counter**: the value may not fall. A fall is a *roll-over* if the counter goes round at
  `rollover` and the way round is the shorter one; a *restart* if it lands at or below `restarts`;
  otherwise it is not believed, and remembered as a doubt. If for DOUBT milliseconds everything that
  the counter says continues that doubt (and nothing reaches the believed value again), the counter
  was exchanged or reset: it is believed from the doubt's first value on.

A counter that is called "daily" starts again each day, at a midnight that only the device knows: it
may fall at any time.
"""

from typing import Any, Final, Literal

from attrs import Attribute, field, frozen
from msgspec import Struct

Counter = Literal["total", "daily"]
Range = tuple[float | None, float | None]
"""Smallest and largest plausible value, either of them open (None), in the datapoint's unit."""

DOUBT: Final = 15 * 60_000
"""Milliseconds for which a counter has to stay below itself until it is believed."""


class Belief(Struct, array_like=True, gc=False):
    """The last believed value of a datapoint and when it was; of a counter, what speaks against it.

    Times are the device's, in milliseconds. `doubt` is the last value below `value`, `doubt_first`
    the first of its row, at `doubt_at`; None without a doubt.
    """

    value: float
    at: int
    doubt: float | None = None
    doubt_first: float = 0
    doubt_at: int = 0


class ImplausibleError(ValueError):
    """A value is not plausible after the one before it; the message says why."""


def _positive(_instance: Any, attribute: "Attribute[float | None]", value: float | None) -> None:
    if value is not None and not value > 0:
        raise ValueError(f"{attribute.name} {value:g} must be more than 0; leave it out if unknown")


@frozen
class Plausibility:
    """The rules of one datapoint, in its unit. None or False is no rule.

    `step` is the most by which the value changes per second, `rollover` the span after which a
    counter begins again at 0, `restarts` the largest value at which it may begin anew.
    """

    range: Range | None = None
    step: float | None = field(default=None, validator=_positive)
    counter: Counter | None = None
    rollover: float | None = field(default=None, validator=_positive)
    restarts: float | None = None

    def __attrs_post_init__(self) -> None:
        given = [n for n in ("rollover", "restarts") if getattr(self, n) is not None]
        if given and self.counter != "total":
            raise ValueError(f'{given[0]} is a rule of counters: say counter="total" too')

    @property
    def looks_back(self) -> bool:
        """Whether a value is judged by the one before it."""
        return self.step is not None or self.counter == "total"

    def believe(self, belief: Belief | None, value: float, at: int) -> tuple[Belief, float | None]:
        """What is believed with this value, and by how much the counter grew.

        The growth is None for the first value and for what does not count. Raises ImplausibleError
        where the value is not believed; a doubt is then noted in `belief`.
        """
        if belief is None:
            return Belief(value, at), None
        change = value - belief.value
        if self.counter == "total" and change < 0:
            change = self._after_fall(belief, value, at)
        if self.step is not None:
            self._check_step(belief, change, at)
        return Belief(value, at), change if self.counter == "total" else None

    def _check_step(self, belief: Belief, change: float, at: int) -> None:
        step = self.step or 0
        seconds = max(1.0, (at - belief.at) / 1000)
        if abs(change) > step * seconds:
            moved = f"{change:+.10g} within {seconds:g} s of {belief.value:.10g}"
            raise ImplausibleError(f"{moved} is more than {step:g} per second")

    def _after_fall(self, belief: Belief, value: float, at: int) -> float:
        """How much a counter counted that now says less than it did."""
        if self.rollover is not None:
            around = value + self.rollover - belief.value
            if 0 <= around < belief.value - value:
                return around
        if self.restarts is not None and value <= self.restarts:
            return value
        if belief.doubt is None or value < belief.doubt:
            belief.doubt_first, belief.doubt_at = value, at
        belief.doubt = value
        if at - belief.doubt_at < DOUBT:
            raise ImplausibleError(f"falls from {belief.value:.10g} to {value:.10g}")
        return value - belief.doubt_first
