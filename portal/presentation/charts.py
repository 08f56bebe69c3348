"""Charts that the server draws: axes, areas and marks in pixels."""

from collections.abc import Iterable
from math import ceil, floor, log10

from attrs import field, frozen


@frozen
class Box:
    """The plot within its chart, in pixels; `width` and `height` are those of the chart."""

    width: float
    height: float
    left: float
    top: float
    right: float
    bottom: float


@frozen
class Axis:
    """Maps values to pixels, by their logarithm where `decades`."""

    low: float
    high: float
    start: float
    end: float
    decades: bool = False

    def at(self, value: float) -> float:
        low, high, inside = self.low, self.high, min(max(value, self.low), self.high)
        if self.decades:
            low, high, inside = log10(low), log10(high), log10(inside)
        return round(self.start + (inside - low) / (high - low) * (self.end - self.start), 1)


@frozen
class Tick:
    """A place on an axis and what it says."""

    at: float
    text: str


@frozen
class Label:
    """Words beside the plot at `at`; a line leads to them from the stage at `from_`."""

    at: float
    from_: float
    text: str
    doubtful: bool


@frozen
class Area:
    """Corners, as SVG writes them."""

    points: str
    doubtful: bool


@frozen
class Mark:
    """The value of a stage: a triangle that points to where it acts, from `x` on."""

    x: float
    y: float
    above: bool
    timed: bool


@frozen
class Chart:
    """A chart in pixels; `sentence` says the same in words."""

    title: str
    x_title: str
    y_title: str
    sentence: str
    box: Box
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    areas: tuple[Area, ...]
    doubtful: bool
    marks: tuple[Mark, ...] = field(default=(), kw_only=True)
    labels: tuple[Label, ...] = field(default=(), kw_only=True)
    dots: tuple[tuple[float, float], ...] = field(default=(), kw_only=True)
    nominal: Tick | None = field(default=None, kw_only=True)

    @property
    def line(self) -> str:
        return corners(self.dots)


def scale(values: Iterable[float]) -> tuple[float, float, list[float]]:
    """The ends of an axis with some room around the values, and round places between them."""
    known = sorted(values)
    room = (known[-1] - known[0]) * 0.12 or 1.0
    step = step_of((known[-1] - known[0] + 2 * room) / 6)
    low = max(known[0] - room, 0) if known[0] >= 0 else known[0] - room
    high = known[-1] + room
    ticks = [round(n * step, 6) for n in range(ceil(low / step), floor(high / step) + 1)]
    return low, high, ticks


def step_of(least: float) -> float:
    """The next of 1, 2, 2.5 and 5 times a power of ten."""
    power = 10.0 ** floor(log10(least))
    return next(power * digit for digit in (1, 2, 2.5, 5, 10) if power * digit >= least)


def corners(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)
