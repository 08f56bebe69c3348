"""Numbers as people read them: scaled to a handy unit, with no digit that was not measured."""

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from core.thing_model.layout.fields import Value
from core.thing_model.units import UNITS
from portal.texts import _

THOUSANDS: Final[Mapping[str, str]] = {
    "W": "kW",
    "VA": "kVA",
    "var": "kvar",
    "Wh": "kWh",
    "VAh": "kVAh",
    "varh": "kvarh",
}
"""Units that are shown by the thousand from 1000 on."""
IDLE: Final = 20
"""Watts below which a power is called idle."""


@frozen
class Quantity:
    """A number and its unit, ready to be set beside each other."""

    text: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.unit}" if self.unit else self.text


def quantity(value: Value, unit: str = "") -> Quantity:
    """A value in a unit; an absent one is a dash, and text stays as it is."""
    if value is None:
        return Quantity("–")
    if isinstance(value, bool):
        return Quantity(_("yes") if value else _("no"))
    if isinstance(value, str):
        return Quantity(value, _shown(unit))
    if unit in THOUSANDS and abs(value) >= 1000:
        return Quantity(_rounded(value / 1000, 2), _shown(THOUSANDS[unit]))
    return Quantity(number(value), _shown(unit))


def sum_of(value: float, units: tuple[str, ...]) -> Quantity:
    """A sum in the first of units, a thousand apart, in which it is below 1000, or in the last."""
    for unit in units[:-1]:
        if abs(value) < 1000:
            return Quantity(_rounded(value, 2), unit)
        value /= 1000
    return Quantity(_rounded(value, 2), units[-1])


def number(value: float) -> str:
    """A number to seven digits, three of them behind the point at most, thousands set apart."""
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f").replace("-", "\u2212")
    return _rounded(value, 3)


def _rounded(value: float, digits: int) -> str:
    text = f"{value + 0.0:,.{digits}f}".replace(",", "\u202f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text.replace("-", "\u2212")


def _shown(unit: str) -> str:
    return UNITS[unit].shown if unit in UNITS else unit


def limits(low: float | None, high: float | None, unit: str = "") -> str:
    """A range in words; empty where it is open on both sides."""
    shown = _shown(unit)
    tail = f" {shown}" if shown else ""
    if low is None and high is None:
        return ""
    if low is None:
        return _("up to %(limit)s", limit=f"{number(high or 0)}{tail}")
    if high is None:
        return _("from %(limit)s", limit=f"{number(low)}{tail}")
    return _("%(low)s to %(high)s", low=number(low), high=f"{number(high)}{tail}")
