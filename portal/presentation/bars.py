"""Charts of bars that the server draws: groups of bars side by side, below zero too."""

from collections.abc import Sequence
from math import ceil, floor
from typing import Final

from attrs import frozen

from portal.presentation.charts import Axis, Box, Tick, step_of

BOX: Final = Box(760, 240, 52, 12, 752, 212)
GAP: Final = 0.2
"""The share of a group's room that is left free."""
LABELS: Final = 16
"""Labels below the plot at most: more would meet each other."""
LEAST: Final = 1.0
"""Pixels of a bar of anything at all."""


@frozen
class Kind:
    """What the bars of one place in each group are of; a hollow one has an outline only."""

    name: str
    label: str
    energy: str
    hollow: bool = False


@frozen
class Place:
    """A group: its label below the plot, what it says in words, and where it leads to."""

    label: str
    words: str
    address: str
    values: tuple[float | None, ...]


@frozen
class Bar:
    """A bar in pixels from the top left."""

    kind: Kind
    x: float
    y: float
    width: float
    height: float


@frozen
class Group:
    """A place's bars, and the stretch of the plot that is its own."""

    place: Place
    x: float
    width: float
    bars: tuple[Bar, ...]


@frozen
class Bars:
    """The chart; `zero` is the line that bars stand on. Without any value it is none."""

    kinds: tuple[Kind, ...]
    groups: tuple[Group, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    zero: float
    box: Box = BOX


def bars(kinds: Sequence[Kind], places: Sequence[Place]) -> Bars | None:
    """The chart of these groups; None where nothing is known of any."""
    known = [value for place in places for value in place.values if value is not None]
    if not known:
        return None
    low, high = min(0.0, *known), max(0.0, *known)
    step = step_of((high - low) / 5 or 0.2)
    low, high = floor(low / step) * step, (ceil(high / step) or 1) * step
    axis = Axis(low, high, BOX.bottom, BOX.top)
    ticks = [round(n * step, 6) for n in range(round(low / step), round(high / step) + 1)]
    room = (BOX.right - BOX.left) / len(places)
    every = ceil(len(places) / LABELS)
    return Bars(
        tuple(kinds),
        tuple(_group(kinds, place, n, room, axis) for n, place in enumerate(places)),
        tuple(
            Tick(round(BOX.left + (n + 0.5) * room, 1), place.label)
            for n, place in enumerate(places)
            if n % every == 0
        ),
        tuple(Tick(axis.at(tick), f"{tick:g}".replace("-", "\u2212")) for tick in ticks),
        axis.at(0),
    )


def _group(kinds: Sequence[Kind], place: Place, n: int, room: float, axis: Axis) -> Group:
    left = BOX.left + n * room
    width = room * (1 - GAP) / len(kinds)
    drawn: list[Bar] = []
    for m, (kind, value) in enumerate(zip(kinds, place.values, strict=True)):
        if value:
            top, bottom = sorted((axis.at(value), axis.at(0)))
            x = left + room * GAP / 2 + m * width
            height = max(bottom - top, LEAST)
            top = bottom - height if value > 0 else top
            drawn.append(Bar(kind, round(x, 1), round(top, 1), round(width, 2), round(height, 1)))
    return Group(place, round(left, 1), round(room, 2), tuple(drawn))
