"""Semantic roles: what a reading is about, whichever device says it, in the house's sign.

House signs: battery + = charging, grid + = importing, photovoltaics and load never negative.
"""

from typing import Literal

from attrs import frozen

Direction = Literal["charging", "discharging", "importing", "exporting"]

OPPOSITE: dict[str, str] = {
    "charging": "discharging",
    "discharging": "charging",
    "importing": "exporting",
    "exporting": "importing",
}


@frozen
class Role:
    """A role: its name, unit, and what it measures.

    `positive` is the house's direction of a signed power, `negative` the word for less than zero.
    `counter` marks energy that only grows.
    """

    name: str
    unit: str
    label: str
    positive: Direction | None = None
    counter: bool = False


ROLES = {
    role.name: role
    for role in (
        Role("pv.power", "W", "Solar power"),
        Role("battery.power", "W", "Battery power", positive="charging"),
        Role("grid.power", "W", "Grid power", positive="importing"),
        Role("load.power", "W", "Load power"),
        Role("backup.power", "W", "Backup power"),
        Role("generator.power", "W", "Generator power"),
        Role("charger.power", "W", "Charging power"),
        Role("battery.soc", "%", "State of charge"),
        Role("battery.soh", "%", "State of health"),
        Role("pv.energy", "kWh", "Solar energy", counter=True),
        Role("battery.energy_charged", "kWh", "Energy charged", counter=True),
        Role("battery.energy_discharged", "kWh", "Energy discharged", counter=True),
        Role("grid.energy_imported", "kWh", "Energy imported", counter=True),
        Role("grid.energy_exported", "kWh", "Energy exported", counter=True),
        Role("load.energy", "kWh", "Energy used", counter=True),
        Role("charger.energy", "kWh", "Energy charged into vehicles", counter=True),
        Role("meter.power", "W", "Metered power", positive="importing"),
        Role("meter.energy_imported", "kWh", "Metered energy imported", counter=True),
        Role("meter.energy_exported", "kWh", "Metered energy exported", counter=True),
    )
}

POSITIONS = {
    "grid_meter": {
        "meter.power": "grid.power",
        "meter.energy_imported": "grid.energy_imported",
        "meter.energy_exported": "grid.energy_exported",
    },
    "pv_meter": {
        "meter.power": "pv.power",
        "meter.energy_exported": "pv.energy",
    },
    "load_meter": {
        "meter.power": "load.power",
        "meter.energy_imported": "load.energy",
    },
}
"""What a meter's own roles become at the slot where the product model mounts it."""


def house_sign(role: Role, positive: str | None) -> int | None:
    """+1 or -1 that turns a device's own sign into the house's; None where the sign is unknown."""
    if role.positive is None:
        return 1
    if positive == role.positive:
        return 1
    return -1 if positive == OPPOSITE[role.positive] else None
