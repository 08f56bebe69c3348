"""The datapoints that can be taken out of some systems, by slot, with what people call them."""

from collections.abc import Iterable

from attrs import frozen

from core.registry import System
from portal.presentation.readings import slot_title


@frozen
class Choice:
    """A datapoint to choose: its address, name, key and unit."""

    point: str
    name: str
    key: str
    unit: str


@frozen
class Group:
    """What a slot has to choose from."""

    title: str
    choices: tuple[Choice, ...]


def groups_of(systems: Iterable[System]) -> list[Group]:
    """Everything that frames of these hold, each datapoint once, as it is declared."""
    slots: dict[str, dict[str, Choice]] = {}
    for system in systems:
        for slot, part in system.parts.items():
            told = {key for channel in part.channels.values() for key in channel.rows}
            for key, datapoint in part.datapoints.items():
                if key in told:
                    choice = Choice(f"{slot}.{key}", datapoint.name, key, datapoint.unit)
                    slots.setdefault(slot, {}).setdefault(key, choice)
    return [Group(slot_title(slot), tuple(found.values())) for slot, found in slots.items()]
