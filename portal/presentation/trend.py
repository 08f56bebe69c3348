"""A small chart of bars, one for each day, that the server draws."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

WIDTH: Final = 180
HEIGHT: Final = 36
LEAST: Final = 2.0
"""Pixels of a day on which there was anything at all."""


@frozen
class Bar:
    """A day's bar, in pixels from the top left; `number` is what it stands for."""

    x: float
    y: float
    width: float
    height: float
    number: int


@frozen
class Trend:
    """Bars over equal days, the newest at the right."""

    bars: tuple[Bar, ...]
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def total(self) -> int:
        return sum(bar.number for bar in self.bars)

    @property
    def most(self) -> int:
        return max((bar.number for bar in self.bars), default=0)


def trend(numbers: Sequence[int]) -> Trend:
    """The bars of these numbers, as high as the largest of them fills the chart."""
    step, most = WIDTH / max(len(numbers), 1), max(numbers, default=0)
    return Trend(tuple(_bar(n * step, step, number, most) for n, number in enumerate(numbers)))


def _bar(x: float, step: float, number: int, most: int) -> Bar:
    height = max(number / most * HEIGHT, LEAST) if number else 0
    return Bar(round(x, 2), round(HEIGHT - height, 2), round(step - 1, 2), round(height, 2), number)
