"""What is installed in a fleet: solar power, batteries and inverters; of how many it is known.

What an installation says or a device reports of itself comes first; it is counted with the system.
Where neither does, the nameplates of the product model say it, unless they leave it open: how many
of the batteries that a model may have there are, nobody but the device knows.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal

from attrs import frozen

from core.fleet.groups import Group
from core.registry import Part, Registry, System
from core.thing_model.component import Component
from core.thing_model.units import factor

Kind = Literal["pv", "battery", "inverter"]
KINDS: Final[tuple[Kind, ...]] = ("pv", "battery", "inverter")
PLATES: Final = {
    "battery": (("nominal_capacity", "usable_capacity"), "Wh"),
    "inverter": (("rated_power",), "W"),
}
"""The ratings that tell it, the better one first, and the unit that it is counted in."""


@frozen
class Figure:
    """W, of batteries Wh, of all systems that have a figure; `unknown` have such a part and none.

    `known` systems have one. A charger has no battery: it is neither.
    """

    amount: int
    known: int
    unknown: int


@frozen
class _Model:
    """What a product model has, and what its nameplates say of it; None is not said."""

    has: frozenset[Kind]
    plates: dict[Kind, float]


def installed(registry: Registry, found: Iterable[Group]) -> dict[Kind, Figure]:
    """The figures of groups by product model and version."""
    amounts, known, unknown = (dict[Kind, int].fromkeys(KINDS, 0) for _ in range(3))
    for group in found:
        model = _model(registry, group.product_id, group.product_version)
        for kind in KINDS:
            told = int(getattr(group, f"{kind}_known"))
            rest = group.systems - told
            amounts[kind] += getattr(group, kind)
            known[kind] += told
            if (plate := model.plates.get(kind)) is not None:
                amounts[kind] += round(plate * rest)
                known[kind] += rest
            elif kind in model.has:
                unknown[kind] += rest
    return {kind: Figure(amounts[kind], known[kind], unknown[kind]) for kind in KINDS}


@lru_cache(maxsize=1024)
def _model(registry: Registry, product_id: str, version: str) -> _Model:
    system = registry.system_of(product_id, version)
    if system is None:
        return _Model(frozenset(KINDS), {})
    plates: dict[Kind, float] = {}
    for kind in KINDS:
        if (plate := _plate(system, kind)) is not None:
            plates[kind] = plate
    return _Model(frozenset(kind for kind in KINDS if _has(system, kind)), plates)


def _has(system: System, kind: Kind) -> bool:
    speaks = any(role.startswith(f"{kind}.") for role in system.roles)
    return speaks or bool(_parts(system, kind))


def _parts(system: System, kind: Kind) -> list[Part]:
    return [p for p in system.parts.values() if p.component and p.component.kind == kind]


def _plate(system: System, kind: Kind) -> float | None:
    parts = _parts(system, kind)
    if kind not in PLATES or len(parts) != 1:
        return None
    return _rating(parts[0].component, *PLATES[kind])


def _rating(component: Component | None, names: tuple[str, ...], unit: str) -> float | None:
    given = {each.name: each for each in (component.ratings if component else ())}
    for name in names:
        each = given.get(name)
        if each is None or isinstance(each.value, str):
            continue
        if (scale := factor(each.unit, unit)) is not None:
            return each.value * scale
    return None
