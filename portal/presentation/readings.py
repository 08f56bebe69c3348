"""Readings of a component: each datapoint with its value, meaning and place on the page."""

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import field, frozen
from msgspec import Struct

from core.registry import Part
from core.telemetry.readings import Reading, Readings
from core.thing_model.datapoint import Datapoint
from core.thing_model.layout.fields import Value
from core.thing_model.roles import OPPOSITE, ROLES
from portal.presentation.quantities import Quantity, quantity
from portal.texts import N_, _, translated

UNPUBLISHED: Final = N_("meaning not published")
SLOTS: Final[Mapping[str, str]] = {
    "ems": N_("EMS"),
    "bms": N_("BMS"),
    "bmu": N_("BMU"),
    "inverter": N_("Inverter"),
    "battery": N_("Battery"),
    "batteries": N_("Batteries"),
    "meter": N_("Meter"),
    "grid_meter": N_("Grid meter"),
    "pv_meter": N_("PV meter"),
    "load_meter": N_("Load meter"),
    "backup_box": N_("Backup box"),
    "charger": N_("Charger"),
    "generator": N_("Generator"),
    "heat_pump": N_("Heat pump"),
    "gateway": N_("Gateway"),
    "dongle": N_("Communication module"),
}
"""Slots and kinds of components that have names; others are said as they are written."""
WIDGETS: Final[Mapping[tuple[str, str], str]] = {
    ("role", "battery.soc"): "charge",
    ("unit", "%"): "share",
    ("kind", "choice"): "choice",
    ("kind", "flags"): "flags",
    ("kind", "text"): "text",
    ("kind", "flag"): "flag",
    ("kind", "number"): "number",
}
"""What a value is shown by: its role decides before its unit, its unit before its kind."""


class ReadingDocument(Struct, frozen=True):
    """A datapoint's newest value; null is absent. Times are UTC milliseconds.

    `meaning` is what a number of an enumeration stands for, null where nobody published it.
    """

    value: str | float | bool | None
    unit: str
    label: str
    role: str | None
    device_time: int
    receive_time: int
    meaning: str | None


class Heard(Struct, frozen=True):
    """A datapoint's newest value and the moment that it is of (UTC ms); null is absent.

    `stale` says that the next one is overdue. `meaning` is what a number of an enumeration stands
    for, null where nobody published it.
    """

    value: str | float | bool | None
    unit: str
    meaning: str | None
    time: int
    stale: bool


@frozen
class Line:
    """A datapoint on the page, with its newest reading."""

    slot: str
    datapoint: Datapoint
    reading: Reading
    widget: str
    flags: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.datapoint.key

    @property
    def value(self) -> Value:
        return self.reading.value

    @property
    def shown(self) -> Quantity:
        return quantity(self.value, self.datapoint.unit)

    @property
    def meaning(self) -> str | None:
        return meaning(self.datapoint, self.value)

    @property
    def unpublished(self) -> bool:
        """Whether the value is a number of an enumeration that nobody explains."""
        return self.datapoint.enum is not None and self.value is not None and not self.meaning

    @property
    def role(self) -> str:
        return translated(ROLES[self.datapoint.role].label) if self.datapoint.role else ""

    @property
    def sign(self) -> str:
        """What the device's own sign says: "+ discharging", and the direction of this value."""
        positive = self.datapoint.positive
        if positive is None or not isinstance(self.value, int | float) or not self.value:
            return f"+ {translated(positive)}" if positive else ""
        if self.value > 0:
            return f"+ {translated(positive)}"
        return f"\u2212 {translated(OPPOSITE[positive])}"


@frozen
class Card:
    """Some lines of one slot under a title; `newest` is when the newest of them arrived."""

    id: str
    title: str
    lines: tuple[Line, ...]
    doc: str = ""

    @property
    def newest(self) -> int:
        return max((line.reading.receive_time for line in self.lines), default=0)


@frozen
class Section:
    """The cards of a slot, and the names of datapoints that were never reported."""

    slot: str
    title: str
    cards: tuple[Card, ...]
    silent: tuple[Datapoint, ...] = field(default=())


def reading_documents(
    parts: Mapping[str, Part], readings: Readings
) -> dict[str, dict[str, ReadingDocument]]:
    """By slot and key, in declared order."""
    documents = {
        slot: {
            key: reading_document(datapoint, readings[slot, key])
            for key, datapoint in part.datapoints.items()
            if (slot, key) in readings
        }
        for slot, part in parts.items()
    }
    return {slot: found for slot, found in documents.items() if found}


def reading_document(datapoint: Datapoint, reading: Reading) -> ReadingDocument:
    return ReadingDocument(
        reading.value,
        datapoint.unit,
        datapoint.name,
        datapoint.role,
        reading.device_time,
        reading.receive_time,
        meaning(datapoint, reading.value),
    )


def meaning(datapoint: Datapoint, value: Value) -> str | None:
    return datapoint.enum.label(value) if datapoint.enum else None


def sections(parts: Mapping[str, Part], readings: Readings) -> Iterator[Section]:
    """One per slot that declares datapoints."""
    for slot, part in parts.items():
        if part.datapoints:
            silent = tuple(d for key, d in part.datapoints.items() if (slot, key) not in readings)
            yield Section(slot, slot_title(slot), tuple(_cards(part, readings)), silent)


def slot_title(slot: str) -> str:
    """How people say a slot: "Battery 1", "Grid meter"."""
    stem = slot.rstrip("0123456789")
    words = stem.replace("_", " ").strip()
    name = SLOTS.get(stem) or words[:1].upper() + words[1:]
    return f"{translated(name)} {slot[len(stem) :]}".strip()


def _cards(part: Part, readings: Readings) -> Iterator[Card]:
    """The plugin's views first; what they leave over by group, then the rest."""
    lines = {
        key: _line(part, datapoint, readings[part.slot, key])
        for key, datapoint in part.datapoints.items()
        if (part.slot, key) in readings
    }
    for number, view in enumerate(part.plugin.views):
        taken = tuple(lines.pop(key) for key in view.datapoints if key in lines)
        if taken:
            yield Card(f"{part.slot}-v{number}", view.title, taken, view.doc)
    groups: dict[str, list[Line]] = {}
    for line in lines.values():
        groups.setdefault(line.datapoint.group, []).append(line)
    for number, group in enumerate(sorted(groups, key=lambda name: not name)):
        title = group.replace("_", " ").capitalize() or _("More values")
        yield Card(f"{part.slot}-g{number}", title, tuple(groups[group]))


def _line(part: Part, datapoint: Datapoint, reading: Reading) -> Line:
    faults = tuple(f for f in part.faults if f.datapoint == datapoint.key)
    raised = tuple(f.name for f in faults if f.raised(reading.value))
    return Line(
        part.slot, datapoint, reading, _widget(datapoint, reading.value, bool(faults)), raised
    )


def _widget(datapoint: Datapoint, value: Value, has_faults: bool) -> str:  # noqa: FBT001
    kind = _kind(datapoint, value, has_faults)
    wanted = (("role", datapoint.role or ""), ("unit", datapoint.unit), ("kind", kind))
    return next(WIDGETS[key] for key in wanted if key in WIDGETS)


def _kind(datapoint: Datapoint, value: Value, has_faults: bool) -> str:  # noqa: FBT001
    if datapoint.enum is not None:
        return "choice"
    if has_faults and isinstance(value, int | float):
        return "flags"
    if isinstance(value, bool):
        return "flag"
    return "text" if isinstance(value, str) else "number"
