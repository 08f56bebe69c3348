"""Where the power goes: from which part of the house to which, and how much."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final

from attrs import frozen

from portal.presentation.house import RoleReading, direction, shown_value
from portal.presentation.quantities import IDLE, quantity
from portal.texts import N_, _, translated

LEVELS: Final = (IDLE, 300, 1000, 2500, 5000)
"""Watts from which an edge is drawn one step wider and moves one step faster."""
PATHS: Final[Mapping[tuple[str, str], str]] = {
    ("pv", "load"): "M164 90 H320 Q360 90 360 130 V150",
    ("pv", "battery"): "M120 134 V286",
    ("pv", "grid"): "M164 70 H556",
    ("grid", "load"): "M556 90 H400 Q360 90 360 130 V150",
    ("battery", "load"): "M164 330 H320 Q360 330 360 290 V270",
    ("battery", "grid"): "M164 310 Q460 310 580 134",
    ("grid", "battery"): "M580 134 Q460 310 164 310",
}
PLACES: Final = {"pv": (120, 90), "grid": (600, 90), "battery": (120, 330), "load": (360, 210)}
NAMES: Final = {"pv": N_("Solar"), "grid": N_("Grid"), "battery": N_("Battery"), "load": N_("Home")}
TO: Final = {
    "grid": N_("%(power)s to the grid"),
    "battery": N_("%(power)s to the battery"),
    "load": N_("%(power)s to the home"),
}
ICONS: Final = {"pv": "solar-panel", "grid": "plug", "battery": "battery", "load": "home-bolt"}
UNACCOUNTED_SHARE: Final = 0.02
UNACCOUNTED_LEAST: Final = 50


@frozen
class Node:
    """A part of the house: where it stands, its power and which way that goes."""

    kind: str
    name: str
    icon: str
    x: int
    y: int
    shown: str
    words: str


@frozen
class Edge:
    """A way that power can take; `level` 0 is idle, 5 the strongest."""

    source: str
    target: str
    path: str
    power: float
    level: int


@frozen
class PowerFlow:
    """The picture and its sentence. `unaccounted` is what the meters do not explain."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    unaccounted: str
    sentence: str


def power_flow(house: Mapping[str, RoleReading]) -> PowerFlow | None:
    """The flow between the parts that report; None where fewer than two do."""
    powers = {kind: house[f"{kind}.power"].value for kind in PLACES if f"{kind}.power" in house}
    if len(powers) < 2:
        return None
    ways, rest = allocate(powers)
    edges = tuple(
        Edge(source, target, path, ways.get((source, target), 0), _level(ways, source, target))
        for (source, target), path in PATHS.items()
        if source in powers and target in powers and _is_drawn(ways, source, target)
    )
    return PowerFlow(
        tuple(_node(kind, power, house) for kind, power in powers.items()),
        edges,
        str(quantity(round(rest), "W")) if rest > max(UNACCOUNTED_LEAST, _size(powers)) else "",
        " ".join(_sentences(ways)),
    )


def allocate(powers: Mapping[str, float]) -> tuple[dict[tuple[str, str], float], float]:
    """Power from each source to each use, nearest first, and what is left over (W).

    Solar serves the home, then the battery, then the grid; the battery then serves what of the home
    is left, then the grid; the grid serves the rest.
    """
    battery, grid = powers.get("battery", 0), powers.get("grid", 0)
    have = {"pv": max(0, powers.get("pv", 0)), "battery": max(0, -battery), "grid": max(0, grid)}
    need = {"load": powers.get("load", 0), "battery": max(0, battery), "grid": max(0, -grid)}
    ways: dict[tuple[str, str], float] = {}
    for source, target in product(tuple(have), tuple(need)):
        power = min(have[source], need[target])
        if source != target and power > 0:
            ways[source, target] = power
            have[source] -= power
            need[target] -= power
    return ways, sum(have.values()) + sum(need.values())


def _size(powers: Mapping[str, float]) -> float:
    return UNACCOUNTED_SHARE * max(map(abs, powers.values()))


def _level(ways: Mapping[tuple[str, str], float], source: str, target: str) -> int:
    power = ways.get((source, target), 0)
    return sum(power >= least for least in LEVELS)


def _is_drawn(ways: Mapping[tuple[str, str], float], source: str, target: str) -> bool:
    """Battery and grid share one line: it is drawn in the direction that it is used in, if any."""
    if {source, target} != {"battery", "grid"}:
        return True
    return _level(ways, source, target) > 0


def _node(kind: str, power: float, house: Mapping[str, RoleReading]) -> Node:
    words = direction(f"{kind}.power", power)
    if kind == "battery" and "battery.soc" in house:
        words = f"{words}, {quantity(house['battery.soc'].value, '%')}"
    shown = str(shown_value(f"{kind}.power", power))
    return Node(kind, translated(NAMES[kind]), ICONS[kind], *PLACES[kind], shown, words)


def _sentences(ways: Mapping[tuple[str, str], float]) -> Iterator[str]:
    for source in ("pv", "battery", "grid"):
        parts = [
            translated(TO[target]) % {"power": quantity(round(power), "W")}
            for (start, target), power in ways.items()
            if start == source and power >= IDLE
        ]
        if parts:
            name = translated(NAMES[source])
            yield _("%(source)s: %(ways)s.", source=name, ways=_(", ").join(parts))
    if not any(power >= IDLE for power in ways.values()):
        yield _("No power flows.")
