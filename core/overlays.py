"""What a component says otherwise, or not at all, at other firmware: each as a line of versions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, cast

from attrs import fields_dict, frozen

from core.plugin import Plugin
from core.thing_model.command import Command
from core.thing_model.datapoint import Enumeration
from core.thing_model.declaration import Declaration, rows_for
from core.thing_model.decoder import Decoder
from core.thing_model.layout.layouts import layout_values
from core.thing_model.version_line import Stretch, version_line

What = Literal["datapoint", "channel", "command", "fault"]


@frozen
class Fact:
    """What a row says in one aspect: of itself, or of the value `key` of its layout.

    aspect: an attribute as it is declared, "scale" or "unit"; "there" and "missing" tell of a value
    that other rows of the overlay do not have, or only they.
    """

    key: str
    aspect: str
    value: str


@frozen(eq=False)
class Overlay:
    """Something that a component has at some firmware only, or not the same at all.

    line: from the first version to the last; a stretch without a row has nothing of the name.
    unknown: what holds where nobody knows the version, as nothing does that asks for one.
    """

    what: What
    name: str
    label: str
    line: tuple[Stretch[Declaration], ...]
    unknown: Declaration | None

    def stretch(self, firmware: str) -> Stretch[Declaration] | None:
        """Where on the line a version stands; None where it is not known."""
        return next((s for s in self.line if firmware and firmware in s.firmware), None)

    def row(self, firmware: str) -> Declaration | None:
        """What holds at a version, "" for one that is not known."""
        found = self.stretch(firmware)
        return found.row if found else self.unknown

    def facts(self, row: Declaration | None) -> tuple[Fact, ...]:
        """What a row says that not all rows of the overlay do; nothing where there is no row."""
        rows = {id(each.row): each.row for each in self.line if each.row is not None}
        others = [_said(each) for each in rows.values() if each is not row]
        return tuple(_differing(_said(row), others)) if row is not None else ()


def overlays(plugin: Plugin, variant: str = "") -> tuple[Overlay, ...]:
    """All that depends on firmware in what a plugin declares for a variant."""
    return (
        *_overlays("datapoint", rows_for(plugin.datapoints, variant), "key", "name"),
        *_overlays("channel", rows_for(plugin.decoders, variant), "channel", "channel"),
        *_overlays("command", rows_for(plugin.commands, variant), "name", "title"),
        *_overlays("fault", rows_for(plugin.faults, variant), "code", "name"),
    )


def _overlays(what: What, rows: Sequence[Any], name: str, label: str) -> Iterator[Overlay]:
    by_name: dict[str, list[Any]] = {}
    for row in rows:
        by_name.setdefault(getattr(row, name), []).append(row)
    for key, same in by_name.items():
        if any(row.firmware.clauses for row in same):
            unscoped = version_line([row for row in same if not row.firmware.clauses])
            yield Overlay(what, key, getattr(same[0], label), version_line(same), unscoped[0].row)


# --- what rows say, so that two of them can be compared ------------------------------------------

Said = Mapping[tuple[str, str], str]
_NO_FACTS: Final = frozenset(
    (*fields_dict(Declaration), "key", "channel", "name", "code", "layout", "writes", "computed")
)
_NO_FIELD_FACTS: Final = frozenset(("key",))


def _differing(said: Said, others: Sequence[Said]) -> Iterator[Fact]:
    keys = {key for key, _aspect in said}
    elsewhere = [{key for key, _aspect in other} for other in others]
    shared = keys.intersection(*elsewhere)
    for key in dict.fromkeys(key for key, _aspect in said if key not in shared):
        yield Fact(key, "there", "")
    for key in dict.fromkeys(key for other in others for key, _aspect in other if key not in keys):
        yield Fact(key, "missing", "")
    for (key, aspect), value in said.items():
        if key in shared and any(other.get((key, aspect)) != value for other in others):
            yield Fact(key, aspect, value)


def _said(row: Declaration) -> Said:
    """What a row says, by value of its layout ("" for itself) and aspect."""
    said = {("", aspect): value for aspect, value in _attributes(row, _NO_FACTS)}
    if isinstance(row, Decoder | Command):
        layout = row.layout if isinstance(row, Decoder) else row.writes
        for key, field in layout_values(layout):
            said |= {(key, a): value for a, value in _attributes(field, _NO_FIELD_FACTS)}
    return said


def _attributes(declared: Any, left_out: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name, attribute in fields_dict(declared.__class__).items():
        if attribute.eq and name not in left_out:
            yield name, _text(getattr(declared, name))


def _text(value: Any) -> str:
    if isinstance(value, Enumeration):
        return value.name
    if isinstance(value, Mapping):
        named = cast("Mapping[str, Any]", value)
        return ", ".join(f"{key} {_text(each)}" for key, each in named.items())
    if isinstance(value, tuple):
        return " ".join(map(_text, value))  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)
