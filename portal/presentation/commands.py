"""Command forms: fields, limits and words from the declarations, and what a dry run found."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import frozen
from msgspec import Struct

from core.commanding.dry_runs import Change, DryRun
from core.commanding.grid_limits import GridLimits, Held
from core.commanding.parameters import CommandParameter, from_text, parameters_of
from core.commanding.records import CommandRecord
from core.registry import Part
from core.telemetry.readings import Readings
from core.thing_model.command import Command
from core.thing_model.grid_rules import Bound
from core.thing_model.layout.fields import Value
from portal.presentation.grid_rules import (
    BoundDocument,
    RuleDocument,
    bound_documents,
    rule_document,
)
from portal.presentation.quantities import limits, quantity
from portal.presentation.readings import UNPUBLISHED, slot_title
from portal.texts import translated

WIDGETS: Final = {
    "choice": "select",
    "flag": "flag",
    "text": "text",
    "number": "number",
    "whole": "number",
}
"""What a parameter is asked for by, by its kind."""


class ParameterDocument(Struct, frozen=True):
    """What a command asks for; a null end of `range` is open, `step` 0 means any number."""

    key: str
    kind: str
    label: str
    unit: str
    range: tuple[float | None, float | None]
    step: float
    choices: dict[int, str]
    default: str | float | bool | None
    doc: str


class CommandDocument(Struct, frozen=True):
    """A command that a component knows."""

    slot: str
    name: str
    title: str
    doc: str
    risk: str
    parameters: list[ParameterDocument]
    reads_back: list[str]


class CommandState(Struct, frozen=True):
    """A command that was given, and how it is getting on. Times are UTC milliseconds."""

    id: str
    slot: str
    name: str
    title: str
    parameters: dict[str, str | float | bool | None]
    state: str
    reason: str
    late: bool
    by: str
    created_at: int
    changed_at: int


@frozen
class FormField:
    """A parameter, drawn: what stands in it now, and what the device says now.

    bounds: what rules of the grid allow of it, the strictest first.
    """

    parameter: CommandParameter
    widget: str
    value: Value
    now: str
    hint: str
    bounds: tuple[BoundDocument, ...] = ()

    @property
    def most(self) -> float | None:
        """The most that can be asked for, by its range and by the grid."""
        known = [self.parameter.range[1], *(bound.highest for bound in self.bounds)]
        return min((each for each in known if each is not None), default=None)

    @property
    def step(self) -> str:
        return f"{self.parameter.step:g}" if self.parameter.step else "any"


@frozen
class CommandForm:
    """A command ready to be filled in; `lifted` are rules of the grid that it would give up."""

    slot: str
    command: Command
    fields: tuple[FormField, ...]
    lifted: tuple[RuleDocument, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.slot}-{self.command.name}"

    @property
    def slot_title(self) -> str:
        return slot_title(self.slot)


@frozen
class ChangeLine:
    """One value that a command would change."""

    name: str
    key: str
    current: str
    new: str
    same: bool


@frozen
class Preview:
    """What a command would do, or everything that speaks against it."""

    form: CommandForm
    changes: tuple[ChangeLine, ...]
    frame: str
    proof: tuple[str, ...]
    problems: tuple[tuple[str, str, str], ...]
    given: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def can_be_sent(self) -> bool:
        return bool(self.frame) and not self.problems


def command_documents(parts: Mapping[str, Part]) -> list[CommandDocument]:
    return [
        CommandDocument(
            slot,
            command.name,
            command.title,
            command.doc,
            command.risk,
            [_parameter(p) for p in parameters_of(part, command)],
            list(command.reads_back),
        )
        for slot, part in parts.items()
        for command in part.commands.values()
    ]


def _parameter(given: CommandParameter) -> ParameterDocument:
    return ParameterDocument(
        given.key,
        given.kind,
        given.label,
        given.unit,
        given.range,
        given.step,
        {choice.value: choice.label for choice in given.choices},
        given.default,
        given.doc,
    )


def state_documents(
    parts: Mapping[str, Part], records: Iterable[CommandRecord]
) -> list[CommandState]:
    return [
        CommandState(
            record.id,
            record.slot,
            record.name,
            _title(parts, record),
            dict(record.parameters),
            record.state.value,
            record.reason,
            record.late,
            record.created_by,
            record.created_at,
            record.changed_at,
        )
        for record in records
    ]


def _title(parts: Mapping[str, Part], record: CommandRecord) -> str:
    part = parts.get(record.slot)
    command = part.commands.get(record.name) if part else None
    return command.title if command else record.name


def command_forms(
    parts: Mapping[str, Part], readings: Readings, limits: GridLimits, system_id: int
) -> Iterator[CommandForm]:
    for part in parts.values():
        for command in part.commands.values():
            held = limits.of(system_id, part, command)
            yield command_form(part, command, readings, held=held)


def command_form(
    part: Part,
    command: Command,
    readings: Readings,
    given: Mapping[str, str] | None = None,
    held: Held | None = None,
) -> CommandForm:
    rules = held or Held()
    fields = [
        _field(part, p, readings, given, rules.bounds.get(p.key, ()))
        for p in parameters_of(part, command)
    ]
    return CommandForm(part.slot, command, tuple(fields), tuple(map(rule_document, rules.lifted)))


def _field(
    part: Part,
    asked: CommandParameter,
    readings: Readings,
    given: Mapping[str, str] | None,
    bounds: Iterable[Bound],
) -> FormField:
    reading = readings.get((part.slot, asked.key))
    now = reading.value if reading else None
    value: Value = given.get(asked.key, "") if given is not None else asked.default
    if given is None and value is None:
        value = now if asked.kind != "choice" or now in [c.value for c in asked.choices] else None
    low, high = asked.range
    hints = (limits(low, high, asked.unit), asked.doc)
    return FormField(
        asked,
        WIDGETS.get(asked.kind, "text"),
        value,
        shown_value(part, asked.key, now) if reading else "",
        ". ".join(hint for hint in hints if hint),
        tuple(bound_documents(bounds)),
    )


def shown_value(part: Part, key: str, value: Value) -> str:
    """A value with unit and meaning, as in a sentence."""
    datapoint = part.datapoints[key]
    if datapoint.enum is None or value is None:
        return str(quantity(value, datapoint.unit))
    return f"{quantity(value)} ({datapoint.enum.label(value) or translated(UNPUBLISHED)})"


def values_of(part: Part, command: Command, form: Mapping[str, str]) -> dict[str, Value]:
    """The values of a form's fields, those left empty left out."""
    given = {key: text for key, text in form.items() if text.strip()}
    return from_text(parameters_of(part, command), given)


def typed_value(value: Value) -> str:
    """A value as it is typed in a form's field; `values_of` reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def preview(part: Part, form: CommandForm, found: DryRun, given: Mapping[str, str]) -> Preview:
    names = {f.parameter.key: f.parameter.label for f in form.fields}
    problems = tuple((names.get(p.where, p.where), p.what, p.hint) for p in found.problems)
    proof = tuple(part.datapoints[key].name for key in found.proof)
    changes = tuple(_change(part, change) for change in found.changes)
    return Preview(form, changes, found.frame.hex(" "), proof, problems, given, found.notes)


def _change(part: Part, change: Change) -> ChangeLine:
    return ChangeLine(
        change.name,
        change.key,
        shown_value(part, change.key, change.current),
        shown_value(part, change.key, change.new),
        change.current == change.new,
    )
