"""Two configurations side by side: of one system at two instants, or of two systems."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

from attrs import frozen

from core.audit.entries import SECRETS
from core.registry import System
from core.telemetry.configuration import Configuration, Told, settings_of
from core.telemetry.curves import Address
from core.thing_model.datapoint import Datapoint

State = Literal["same", "changed", "only_first", "only_second", "unknown"]
STATES: Final[tuple[State, ...]] = ("same", "changed", "only_first", "only_second", "unknown")


@frozen
class Line:
    """A setting on both sides; None where nothing told it."""

    slot: str
    datapoint: Datapoint
    first: Told | None
    second: Told | None

    @property
    def address(self) -> Address:
        return self.slot, self.datapoint.key

    @property
    def state(self) -> State:
        if self.first is None:
            return "unknown" if self.second is None else "only_second"
        if self.second is None:
            return "only_first"
        return "same" if self.first.value == self.second.value else "changed"

    @property
    def secret(self) -> bool:
        """Whether its name says that the value is not to be shown."""
        return any(word in self.datapoint.key.lower() for word in SECRETS)


def compared(
    systems: Iterable[System], first: Configuration, second: Configuration
) -> Iterator[Line]:
    """Every setting of either system, in declared order; the second one's own come last."""
    declared: dict[Address, Datapoint] = {}
    for system in systems:
        for slot, part in system.parts.items():
            for key, datapoint in settings_of(part).items():
                declared.setdefault((slot, key), datapoint)
    for (slot, key), datapoint in _by_slot(declared).items():
        address = slot, key
        yield Line(slot, datapoint, first.told.get(address), second.told.get(address))


def _by_slot(declared: Mapping[Address, Datapoint]) -> dict[Address, Datapoint]:
    """The same with all of a slot together, wherever its last one was declared."""
    slots = list(dict.fromkeys(slot for slot, _ in declared))
    return dict(sorted(declared.items(), key=lambda each: slots.index(each[0][0])))
