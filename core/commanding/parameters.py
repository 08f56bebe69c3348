"""What a command asks for, and whether what somebody gives will do."""

import math
from collections.abc import Iterator, Mapping
from typing import Literal

from attrs import frozen

from core.registry import Part
from core.thing_model.command import Command
from core.thing_model.datapoint import Datapoint
from core.thing_model.layout.codec import implausible, outside
from core.thing_model.layout.documents import JsonField
from core.thing_model.layout.fields import Field, Value
from core.thing_model.layout.layouts import compile_layout, layout_fields
from core.thing_model.plausibility import Range
from core.thing_model.problems import DecodeError, EncodeError, Problem

ParameterKind = Literal["number", "whole", "text", "flag", "choice"]


@frozen
class Choice:
    """One value that an enumeration knows."""

    value: int
    name: str
    label: str


@frozen
class CommandParameter:
    """One value that a command asks for: enough to draw its form field and to check it.

    `step` is the smallest difference that the device can be told, 0 where any number will do.
    """

    key: str
    kind: ParameterKind
    label: str
    unit: str
    range: Range
    step: float
    choices: tuple[Choice, ...]
    default: Value
    doc: str


@frozen
class Checked:
    """A command with its values checked. The frame is empty where there are problems.

    `values` is everything that the frame says, constants included, as the device will read it;
    `expected` those of them that its later readings must show.
    """

    command: Command
    frame: bytes
    values: Mapping[str, Value]
    expected: Mapping[str, Value]
    problems: tuple[Problem, ...]


def parameters_of(part: Part, command: Command) -> tuple[CommandParameter, ...]:
    """What the command asks for, in the order of its layout."""
    fields = {field.key: field for field in layout_fields(command.writes)}
    return tuple(
        _parameter(command, part.datapoints[key], fields.get(key))
        for key in compile_layout(command.writes).keys
        if key not in command.constants
    )


def from_text(
    parameters: tuple[CommandParameter, ...], form: Mapping[str, str]
) -> dict[str, Value]:
    """Values out of a form's texts; a text that does not read as its kind is left for `check`."""
    kinds: dict[str, ParameterKind] = {each.key: each.kind for each in parameters}
    return {key: _value(kinds.get(key), text.strip()) for key, text in form.items()}


def check(part: Part, command: Command, given: Mapping[str, Value]) -> Checked:
    """Everything that is wrong with the values, or the frame that says them."""
    parameters = {p.key: p for p in parameters_of(part, command)}
    problems = list(_unasked(given, parameters))
    values: dict[str, Value] = {}
    for key, parameter in parameters.items():
        if given.get(key) is None:
            problems.append(Problem(key, "is missing", _wanted(parameter)))
            continue
        values[key] = _chosen(parameter, given[key])
        problems += _value_problems(parameter, values[key])
    if problems:
        return Checked(command, b"", values, {}, tuple(problems))
    return _encoded(command, values, parameters)


def _parameter(
    command: Command, datapoint: Datapoint, field: Field | JsonField | None
) -> CommandParameter:
    choices = tuple(
        Choice(value, symbol.name, symbol.label)
        for value, symbol in (datapoint.enum.symbols.items() if datapoint.enum else ())
    )
    kind, step = _kind(field)
    return CommandParameter(
        datapoint.key,
        "choice" if choices else kind,
        datapoint.name,
        datapoint.unit,
        _narrowed(datapoint.range, command.limits.get(datapoint.key)),
        step,
        choices,
        command.defaults.get(datapoint.key),
        datapoint.doc,
    )


def _kind(field: Field | JsonField | None) -> tuple[ParameterKind, float]:
    if isinstance(field, JsonField):
        kind: ParameterKind = "text" if field.kind == "texts" else field.kind
        return kind, 1 if kind == "whole" else 0
    if field is None or (field.numeric and not field.whole):
        return "number", 0
    if not field.numeric:
        return "text", 0
    step = abs(field.scale) * field.divide
    return ("whole" if float(step).is_integer() else "number"), step


def _narrowed(*ranges: Range | None) -> Range:
    given = [limits for limits in ranges if limits is not None]
    lows = [low for low, _ in given if low is not None]
    highs = [high for _, high in given if high is not None]
    return max(lows, default=None), min(highs, default=None)


def _unasked(
    given: Mapping[str, Value], parameters: Mapping[str, CommandParameter]
) -> Iterator[Problem]:
    for key in given:
        if key not in parameters:
            hint = f"parameters are {', '.join(parameters) or 'none'}"
            yield Problem(key, "is not a parameter of this command", hint)


def _chosen(parameter: CommandParameter, value: Value) -> Value:
    """The number behind the name of a choice; anything else as it is."""
    if parameter.kind != "choice" or not isinstance(value, str):
        return value
    return next((c.value for c in parameter.choices if value in (c.name, c.label)), value)


def _value_problems(parameter: CommandParameter, value: Value) -> Iterator[Problem]:
    key = parameter.key
    if not _fits(parameter.kind, value):
        yield Problem(key, f"{value!r} is not {_NOUNS[parameter.kind]}", _wanted(parameter))
    elif parameter.kind == "choice" and value not in {c.value for c in parameter.choices}:
        yield Problem(key, f"{value!r} is not one of its values", _wanted(parameter))
    elif outside(value, parameter.range):
        yield Problem(key, implausible(value, parameter.range), _wanted(parameter))


def _fits(kind: ParameterKind, value: Value) -> bool:
    if kind in ("text", "flag"):
        return isinstance(value, str if kind == "text" else bool)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return kind == "number" or float(value).is_integer()


def _encoded(
    command: Command, values: Mapping[str, Value], parameters: Mapping[str, CommandParameter]
) -> Checked:
    codec, said = compile_layout(command.writes), {**values, **command.constants}
    try:
        frame = codec.encode(said)
        heard = dict(zip(codec.keys, codec.decode(frame), strict=True))
    except (EncodeError, DecodeError) as error:
        problem = Problem(error.datapoint, error.reason)
        return Checked(command, b"", values, {}, (problem,))
    problems = [
        Problem(key, f"{value!r} would be read as {heard[key]!r}", _wanted(parameters[key]))
        for key, value in values.items()
        if not same(value, heard[key])
    ]
    expected = {key: heard[key] for key in command.reads_back if heard.get(key) is not None}
    return Checked(command, b"" if problems else frame, heard, expected, tuple(problems))


def same(one: Value, other: Value) -> bool:
    """Whether two values are equal, numbers to nine digits."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


def _value(kind: ParameterKind | None, text: str) -> Value:
    if kind == "flag":
        return {"true": True, "1": True, "on": True, "false": False, "0": False}.get(text, text)
    if kind in ("text", None) or not text:
        return text or None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _wanted(parameter: CommandParameter) -> str:
    if parameter.choices:
        return "one of " + ", ".join(f"{c.value} ({c.name})" for c in parameter.choices)
    low, high = parameter.range
    words = [_NOUNS[parameter.kind]]
    words += [f"from {low:g}"] if low is not None else []
    words += [f"up to {high:g}"] if high is not None else []
    words += [parameter.unit] if parameter.unit else []
    words += [f"in steps of {parameter.step:g}"] if parameter.step not in (0, 1) else []
    return " ".join(words)


_NOUNS: Mapping[ParameterKind, str] = {
    "number": "a number",
    "whole": "a whole number",
    "text": "text",
    "flag": "true or false",
    "choice": "one of its values",
}
