"""Traits: what a value tells of a system as such, whichever device says it, and how it is set.

A role is what happens now; a trait is what the system is, or what it is held to. A trait may be
bound by the rules of the grid (`grid_rules`).
"""

from typing import Literal

from attrs import frozen

RuleKind = Literal["max_export", "max_import"]
ShareOf = Literal["", "installed_pv_power", "rated_power"]
"""What a percentage is of; empty where nobody published it."""


@frozen
class Trait:
    """A trait: its name, what people read, its units, and the rules of the grid that bound it.

    Without units it is a text, or a number of an enumeration.
    """

    name: str
    label: str
    units: tuple[str, ...] = ()
    rule: RuleKind | None = None


TRAITS = {
    trait.name: trait
    for trait in (
        Trait("battery.capacity", "Battery capacity", ("kWh", "Wh", "Ah")),
        Trait("battery.lowest_soc", "Lowest SOC to discharge to", ("%",)),
        Trait("battery.highest_soc", "Highest SOC to charge to", ("%",)),
        Trait("inverter.rated_power", "Inverter rated power", ("W", "kW", "VA", "kVA")),
        Trait("pv.storage_capacity", "PV at the storage inverter", ("W", "kW")),
        Trait("pv.inverter_capacity", "PV at a PV inverter", ("W", "kW")),
        Trait("grid.mode", "Grid connection mode"),
        Trait("grid.regulation", "Grid regulation"),
        Trait("running.mode", "Running mode"),
        Trait("work.mode", "Work mode"),
        Trait("export.limit", "Most feed-in", ("W", "kW", "%"), "max_export"),
        Trait("import.limit", "Most bought power", ("W", "kW"), "max_import"),
        Trait("component.serial_number", "Serial number"),
        Trait("component.firmware", "Firmware"),
        Trait("module.firmware", "Firmware of a part inside"),
    )
}
FIRMWARE = ("component.firmware", "module.firmware")
"""What tells a version: that of a component as such comes before those of what is inside it."""
