"""The house by role: numbers in the house's sign, with words in the place of signs."""

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen
from msgspec import Struct

from core.thing_model.roles import OPPOSITE, ROLES
from portal.presentation.quantities import IDLE, Quantity, quantity

BUSY: Final[Mapping[str, str]] = {
    "pv.power": "Producing",
    "load.power": "Using",
    "backup.power": "Supplying",
    "generator.power": "Producing",
    "charger.power": "Charging",
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


def role_reading(role: str, value: float) -> RoleReading:
    declared = ROLES[role]
    shown = quantity(abs(value) if declared.unit == "W" else value, declared.unit)
    word = direction(role, value)
    return RoleReading(value, declared.unit, f"{word} {shown}" if word else str(shown))


def role_readings(house: Mapping[str, float]) -> dict[str, RoleReading]:
    return {role: role_reading(role, value) for role, value in house.items()}


def direction(role: str, value: float) -> str:
    """Which way a power goes: "Charging", "Exporting", "Idle"; empty for what is no power."""
    declared = ROLES[role]
    if declared.unit != "W":
        return ""
    if abs(value) < IDLE:
        return "Idle"
    if declared.positive:
        return (declared.positive if value > 0 else OPPOSITE[declared.positive]).capitalize()
    return BUSY.get(role, "")


def tiles(readings: Mapping[str, RoleReading]) -> Iterator[Tile]:
    """A tile per role, in the order of the roles: powers and charge first, then energies."""
    for role, reading in sorted(readings.items(), key=lambda item: ROLES[item[0]].counter):
        energy, icon = KINDS[role.partition(".")[0]]
        is_power = reading.unit == "W"
        shown = quantity(abs(reading.value) if is_power else reading.value, reading.unit)
        words = direction(role, reading.value)
        yield Tile(role, ROLES[role].label, energy, icon, shown, words, reading.value)
