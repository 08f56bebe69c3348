"""Where systems are: a map that the server draws, with a circle for each country.

The projection is the plainest there is: a degree east is as wide as a degree north is high. The map
shows as much of the world as its circles need.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations
from math import ceil, sqrt
from typing import Final

from attrs import evolve, frozen
from msgspec import Struct

from core.fleet.groups import Group
from core.fleet.places import middles
from core.fleet.tables import Status
from portal.presentation.charts import Tick
from portal.presentation.installing import country_name
from portal.presentation.quantities import sum_of
from portal.presentation.status import SYSTEM
from portal.texts import _, plural

WIDTH, HEIGHT = 760, 380
NARROWEST: Final = 40.0
"""Degrees that the map shows from west to east at least."""
MARGIN: Final = 0.35
"""What is left free around the circles, as a share of what they take."""
LEAST, MOST = 13.0, 26.0
"""Pixels of a circle's radius."""
PUSHES: Final = 8
"""How often circles that meet push each other away."""
ATTENTION: Final[tuple[Status, ...]] = ("fault", "protection", "offline", "normal")
"""What wants a look first: in a large fleet something is always offline."""


class PlaceDocument(Struct, frozen=True):
    """The systems of a country (empty: they tell none) by status, and where they are.

    north, east: degrees; the middle of its sites or, where no site has coordinates, of the main
    cities of its time zones (`sites` is 0 then). Null where nobody knows the country.
    """

    country: str
    systems: int
    normal: int
    protection: int
    fault: int
    offline: int
    sites: int
    north: float | None
    east: float | None

    @property
    def name(self) -> str:
        return country_name(self.country) if self.country else _("Country not known")

    @property
    def worst(self) -> Status:
        held: list[Status] = [each for each in ATTENTION if getattr(self, each)]
        return held[0] if held else "normal"

    @property
    def words(self) -> str:
        """`Austria: 3 systems, Fault 1, Normal 2`."""
        number = plural("%(num)s system", "%(num)s systems", self.systems)
        parts = [number % {"num": self.systems}]
        parts += [f"{SYSTEM[s].word} {n}" for s in ATTENTION if (n := getattr(self, s))]
        return f"{self.name}: {', '.join(parts)}"


@frozen
class Circle:
    """A country's circle in pixels, and the number in it."""

    place: PlaceDocument
    x: float
    y: float
    radius: float
    text: str


@frozen
class FleetMap:
    """The map: the world's corner lies at `left` and `top`, and a degree has `scale` pixels."""

    circles: tuple[Circle, ...]
    meridians: tuple[Tick, ...]
    parallels: tuple[Tick, ...]
    left: float
    top: float
    scale: float
    width: int = WIDTH
    height: int = HEIGHT


def places_of(found: Iterable[Group]) -> list[PlaceDocument]:
    """Countries with most systems first."""
    made: list[PlaceDocument] = []
    for each in found:
        place = each.place or middles().get(each.country)
        north, east = place or (None, None)
        numbers = (each.normal, each.protection, each.fault, each.offline, each.placed)
        made.append(PlaceDocument(each.country, each.systems, *numbers, north, east))
    return sorted(made, key=lambda place: (-place.systems, place.country))


def fleet_map(places: Iterable[PlaceDocument]) -> FleetMap | None:
    """The map of these, the largest circles below; None where no place is known."""
    known = [(p, p.east, -p.north) for p in places if p.north is not None and p.east is not None]
    if not known:
        return None
    west, top, scale = _window([(x, y) for _, x, y in known])
    most = max(place.systems for place, *_ in known)
    circles = [
        Circle(
            place,
            round((x - west) * scale, 1),
            round((y - top) * scale, 1),
            round(LEAST + (MOST - LEAST) * sqrt(place.systems / most), 1),
            str(sum_of(place.systems, ("", "k", "M"))),
        )
        for place, x, y in known
    ]
    step = next(s for s in (5, 10, 15, 30, 60) if WIDTH / scale / s <= 8)
    return FleetMap(
        tuple(_apart(circles)),
        tuple(_ticks(west, WIDTH, scale, step, "EW")),
        tuple(_ticks(top, HEIGHT, scale, step, "SN")),
        round((-180 - west) * scale, 2),
        round((-90 - top) * scale, 2),
        round(scale, 4),
    )


def _window(at: list[tuple[float, float]]) -> tuple[float, float, float]:
    """West and north edge, and the pixels of a degree, so that all of these are well within."""
    (west, east), (top, bottom) = ((min(each), max(each)) for each in zip(*at, strict=True))
    wanted = max(NARROWEST, (east - west) * (1 + MARGIN), (bottom - top) * (1 + MARGIN) * 2)
    width = min(360.0, wanted)
    height = width * HEIGHT / WIDTH
    x = min(max((west + east - width) / 2, -180), 180 - width)
    y = min(max((top + bottom - height) / 2, -90), 90 - height)
    return x, y, WIDTH / width


def _apart(circles: list[Circle]) -> list[Circle]:
    """The same moved away from each other, so that each can be read."""
    at = [complex(circle.x, circle.y) for circle in circles]
    for _push in range(PUSHES):
        for n, m in combinations(range(len(at)), 2):
            way = at[n] - at[m]
            missing = circles[n].radius + circles[m].radius - abs(way)
            if missing > 0:
                step = (way / abs(way) if way else 1) * missing / 2
                at[n], at[m] = at[n] + step, at[m] - step
    placed = zip(circles, at, strict=True)
    return [evolve(each, x=round(to.real, 1), y=round(to.imag, 1)) for each, to in placed]


def _ticks(begin: float, pixels: int, scale: float, step: int, sides: str) -> Iterator[Tick]:
    """Every so many degrees: `30° E`, `0°`."""
    degrees = ceil(begin / step) * step
    while (at := (degrees - begin) * scale) <= pixels:
        side = "" if not degrees else f"\u202f{sides[degrees < 0]}"
        yield Tick(round(at, 1), f"{abs(degrees)}°{side}")
        degrees += step
