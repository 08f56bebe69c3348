"""Two configurations in words: each setting on both sides, and who changed it when."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

from attrs import frozen
from msgspec import Struct

from core.journal.comparing import Line, State
from core.journal.origins import Origin
from core.registry import Part
from core.telemetry.configuration import Looked, Told, Turn
from core.telemetry.curves import Address
from core.thing_model.datapoint import Datapoint
from portal.presentation.quantities import quantity
from portal.presentation.readings import UNPUBLISHED, meaning, slot_title
from portal.presentation.status import Mark
from portal.presentation.times import Zone, iso
from portal.texts import N_, _, translated

FIRMWARE: Final = Datapoint("firmware", label=N_("Firmware of the system"))
"""What a system says of itself as a whole when it announces itself; no component's datapoint."""
MASK: Final = "••••••"
MARKS: Final[Mapping[State, Mark]] = {
    "changed": Mark(N_("Different"), "refresh", "warning"),
    "only_first": Mark(N_("Only on the first side"), "chevron-left", "info"),
    "only_second": Mark(N_("Only on the second side"), "chevron-right", "info"),
    "same": Mark(N_("Same"), "check", "normal"),
    "unknown": Mark(N_("Not told"), "help-circle", "unknown"),
}


class SideDocument(Struct, frozen=True):
    """A value as it was told at or before an instant, `at` by the device's clock (UTC ms).

    value: null where it is a secret. meaning: what a number of an enumeration stands for, null
    where nobody published it.
    """

    value: str | float | bool | None
    meaning: str | None
    shown: str
    at: int


class OriginDocument(Struct, frozen=True):
    """What may have made a change: kind is command, log, outside or hidden."""

    kind: str
    text: str
    by: str
    at: int | None
    link: str


class LineDocument(Struct, frozen=True):
    """A setting on both sides; null where nothing told it.

    state: same, changed, only_first, only_second or unknown. after, until: the last frame with the
    old value and the first with the new one, where that was looked for (UTC ms). origins: what may
    have made the change, the likeliest first.
    """

    slot: str
    key: str
    label: str
    group: str
    unit: str
    state: str
    first: SideDocument | None
    second: SideDocument | None
    after: int | None
    until: int | None
    origins: list[OriginDocument]


class LookedDocument(Struct, frozen=True):
    """How many frames of a channel were looked through for a side, and since when."""

    side: str
    slot: str
    channel: str
    frames: int
    since: int | None
    all: bool


class ConfigurationDocument(Struct, frozen=True):
    """What a system was set to at an instant, beside another instant or system (UTC ms).

    counts: how many settings are in each state, also those that are not among `lines`.
    """

    sn: str
    other: str
    first_at: int
    second_at: int
    counts: dict[str, int]
    lines: list[LineDocument]
    looked: list[LookedDocument]


COLUMNS: Final = (
    "slot", "key", "label", "group", "unit", "state", "first", "first_meaning", "first_at",
    "second", "second_meaning", "second_at", "after", "until", "origin", "by",
)  # fmt: skip


@frozen
class Found:
    """When differences came to be, and what may have made them."""

    turns: Mapping[Address, Turn]
    origins: Mapping[Address, Sequence[Origin]]


@frozen
class Section:
    """The lines of a slot by the name of their group, which is empty where there is no other."""

    slot: str
    title: str
    groups: Sequence[tuple[str, Sequence[LineDocument]]]


def line_documents(
    sn: str, parts: Mapping[str, Part], lines: Iterable[Line], found: Found
) -> Iterator[LineDocument]:
    """The lines in words; `parts` are those of the system `sn` whose changes were `found`."""
    for line in lines:
        turn = found.turns.get(line.address)
        yield LineDocument(
            line.slot,
            line.datapoint.key,
            _label(line.datapoint),
            line.datapoint.group,
            line.datapoint.unit,
            line.state,
            _side(line, line.first),
            _side(line, line.second),
            turn.old.at if turn else None,
            turn.new.at if turn else None,
            [_origin(sn, parts[line.slot], each) for each in found.origins.get(line.address, ())],
        )


def looked_documents(side: str, looked: Iterable[Looked]) -> Iterator[LookedDocument]:
    for each in looked:
        yield LookedDocument(side, each.slot, each.channel, each.frames, each.since, each.all)


def sections(lines: Iterable[LineDocument]) -> Iterator[Section]:
    """The lines by slot, and by group in it."""
    for slot, of_slot in groupby(lines, key=lambda line: line.slot):
        by_group: dict[str, list[LineDocument]] = {}
        for line in of_slot:
            by_group.setdefault(line.group, []).append(line)
        named = sorted(by_group.items(), key=lambda each: not each[0])
        title = slot_title(slot) if slot else _("The system itself")
        groups = [(_group(group, len(named)), held) for group, held in named]
        yield Section(slot, title, groups)


def sheet(document: ConfigurationDocument, zone: Zone) -> Iterator[list[str | float | bool | None]]:
    """The rows of the CSV twin; times on the page's clock, with their offset."""
    for line in document.lines:
        sides = (cell for side in (line.first, line.second) for cell in _cells(side, zone))
        likeliest = line.origins[0] if line.origins else None
        yield [
            *(line.slot, line.key, line.label, line.group, line.unit, line.state),
            *sides,
            _time(line.after, zone),
            _time(line.until, zone),
            likeliest.text if likeliest else "",
            likeliest.by if likeliest else "",
        ]


def _cells(side: SideDocument | None, zone: Zone) -> tuple[str | float | bool | None, ...]:
    if side is None:
        return None, None, None
    value = side.shown if side.value is None else side.value
    return value, side.meaning, _time(side.at, zone)


def _time(at: int | None, zone: Zone) -> str | None:
    return None if at is None else zone.at(at).isoformat(timespec="milliseconds")


def _label(datapoint: Datapoint) -> str:
    return translated(datapoint.label) if datapoint is FIRMWARE else datapoint.name


def _group(group: str, number: int) -> str:
    if group:
        return group.replace("_", " ").capitalize()
    return _("More values") if number > 1 else ""


def _side(line: Line, told: Told | None) -> SideDocument | None:
    if told is None:
        return None
    if line.secret:
        return SideDocument(None, None, MASK, told.at)
    said = meaning(line.datapoint, told.value)
    shown = str(quantity(told.value, line.datapoint.unit))
    if line.datapoint.enum is not None:
        shown = f"{said or translated(UNPUBLISHED)} ({shown})"
    return SideDocument(told.value, said, shown, told.at)


def _origin(sn: str, part: Part, origin: Origin) -> OriginDocument:
    at = origin.at or None
    if origin.kind == "command":
        command = part.commands.get(origin.name)
        title = command.title if command else origin.name
        text = _("Command %(name)s", name=title)
        return OriginDocument(origin.kind, text, origin.by, at, f"/commands/{origin.id}")
    if origin.kind == "log":
        text = _("The device's own log of its configuration")
        asked = urlencode({"kind": "config", "q": origin.name})
        return OriginDocument(origin.kind, text, "", at, f"/systems/{sn}/logs?{asked}")
    return OriginDocument(origin.kind, translated(_SAID[origin.kind]), "", None, "")


def moment_field(at: int, zone: Zone) -> str:
    """An instant as a field for local times has it."""
    local = zone.at(at).replace(tzinfo=None)
    return local.isoformat(timespec="milliseconds" if at % 1000 else "seconds")


def frozen_query(document: ConfigurationDocument, *, everything: bool) -> str:
    """The question of an address that stays what it is, whenever it is opened."""
    asked = {"first": iso(document.first_at), "second": iso(document.second_at)}
    other = {"with": document.other} if document.other != document.sn else {}
    return urlencode({**asked, **other, **({"show": "all"} if everything else {})})


_SAID: Final[Mapping[str, str]] = {
    "outside": N_("Changed outside the portal: at the device, or by its maker's app"),
    "hidden": N_("By whom is not shown: you may not see its commands or its logs"),
}
