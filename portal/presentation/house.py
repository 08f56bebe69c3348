"""The house by role: numbers in the house's sign, with words in the place of signs."""

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen
from msgspec import Struct

from core.thing_model.roles import OPPOSITE, ROLES
from portal.presentation.quantities import IDLE, Quantity, quantity
from portal.texts import N_, _, translated

BUSY: Final[Mapping[str, str]] = {
    "pv.power": N_("Producing"),
    "load.power": N_("Using"),
    "backup.power": N_("Supplying"),
    "generator.power": N_("Producing"),
    "charger.power": N_("Charging"),
}
"""What a power that has one direction only is doing while it is not idle."""
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "pv": ("pv", "solar-panel"),
    "battery": ("battery", "battery-charging"),
    "grid": ("grid", "plug"),
    "load": ("load", "home-bolt"),
    "backup": ("load", "outlet"),
    "generator": ("pv", "power"),
    "charger": ("load", "charging-pile"),
}
"""First half of a role -> colour and icon."""


class RoleReading(Struct, frozen=True):
    """A role's value in the house's sign and unit; `words` say which way it goes."""

    value: float
    unit: str
    words: str


@frozen
class Tile:
    """A role on the overview."""

    role: str
    label: str
    energy: str
    icon: str
    shown: Quantity
    words: str
    value: float
    is_counter: bool


def role_reading(role: str, value: float) -> RoleReading:
    shown, word = shown_value(role, value), direction(role, value)
    return RoleReading(value, ROLES[role].unit, f"{word} {shown}" if word else str(shown))


def shown_value(role: str, value: float) -> Quantity:
    """The number as `magnitude` shows it, in the unit of the role."""
    return magnitude(value, ROLES[role].unit)


def magnitude(value: float, unit: str) -> Quantity:
    """The number without sign, powers to the watt: words say the direction."""
    return quantity(round(abs(value)) if unit == "W" else value, unit)


def role_readings(house: Mapping[str, float]) -> dict[str, RoleReading]:
    return {role: role_reading(role, value) for role, value in house.items()}


def direction(role: str, value: float) -> str:
    """Which way a power goes: N_("Charging"), "Exporting", "Idle"; empty for what is no power."""
    declared = ROLES[role]
    if declared.unit != "W":
        return ""
    if abs(value) < IDLE:
        return _("Idle")
    if declared.positive:
        way = declared.positive if value > 0 else OPPOSITE[declared.positive]
        return translated(way.capitalize())
    return translated(BUSY.get(role, ""))


def tiles(readings: Mapping[str, RoleReading]) -> Iterator[Tile]:
    """A tile per role, in the order of the roles: powers and charge first, then energies."""
    for role, reading in sorted(readings.items(), key=lambda item: ROLES[item[0]].counter):
        energy, icon = KINDS[role.partition(".")[0]]
        shown, words = shown_value(role, reading.value), direction(role, reading.value)
        declared = ROLES[role]
        yield Tile(
            role,
            translated(declared.label),
            energy,
            icon,
            shown,
            words,
            reading.value,
            declared.counter,
        )
