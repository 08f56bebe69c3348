"""Forms: what was typed, read by the declaration of its fields, with everything wrong about it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from attrs import field, frozen

from core.thing_model.problems import Problem
from portal.presentation.quantities import limits
from portal.resource.declared import Field, FieldKind, chosen
from portal.services import Services

MAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
Typed = Mapping[str, Sequence[str]]


@frozen
class Entered:
    """What was typed into a form: `typed` as it was, `values` as they are meant."""

    typed: Typed
    values: Mapping[str, Any]
    wrong: Mapping[str, str] = field(factory=dict[str, str])


def read_form(fields: Iterable[Field], typed: Typed, services: Services) -> Entered:
    """The values of a form, and a sentence for each field that is wrong."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for each in fields:
        said = [text for text in typed.get(each.id, ()) if text.strip()]
        value, problem = _read(each, said, services)
        if not problem and value not in (None, "", ()) and each.check is not None:
            problem = each.check(value)
        values[each.id] = value
        if problem:
            wrong[each.id] = problem
    return Entered(typed, values, wrong)


def at_fields(fields: Iterable[Field], problems: Iterable[Problem]) -> dict[str, str]:
    """Problems of a service at the fields that they are about; "" holds those of the whole form."""
    ids = {each.id for each in fields}
    found: dict[str, list[str]] = {}
    for problem in problems:
        said = f"{problem.what}: {problem.hint}" if problem.hint else problem.what
        found.setdefault(problem.where if problem.where in ids else "", []).append(said)
    return {where: "; ".join(said) for where, said in found.items()}


def typed_of(fields: Iterable[Field], row: Mapping[str, Any]) -> Typed:
    """A row as it stands in the fields."""
    return {each.id: _typed(row.get(each.id)) for each in fields}


def _typed(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return ["yes"] if value else []
    if isinstance(value, list | tuple):
        return [str(each) for each in value]  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    return [str(value)]


def _read(each: Field, said: Sequence[str], services: Services) -> tuple[Any, str]:
    if each.kind == "flag":
        return bool(said), ""
    if not said:
        empty: Any = () if each.kind == "choices" else None if each.kind in _PARSED else ""
        return empty, "is needed" if each.required else ""
    if each.kind in ("choice", "choices"):
        return _choices(each, said, services)
    text = said[-1].replace("\r\n", "\n") if each.kind == "toml" else said[-1].strip()
    if len(text) > each.longest:
        return text, f"is longer than {each.longest} characters"
    if "\0" in text:
        return text, "holds a character that cannot be stored"
    return _READERS[each.kind](each, text)


def _choices(each: Field, said: Sequence[str], services: Services) -> tuple[Any, str]:
    known = chosen(each.choices, services)
    wrong = next((value for value in said if value not in known), None)
    if wrong is not None:
        return tuple(said), f"{wrong[:40]!r} is none of its values"
    return (tuple(said) if each.kind == "choices" else said[-1]), ""


def _text(each: Field, text: str) -> tuple[Any, str]:
    if each.pattern and not re.fullmatch(each.pattern, text):
        return text, each.help or f"does not have the form {each.pattern}"
    return text, ""


def _mail(_: Field, text: str) -> tuple[Any, str]:
    return text, "" if MAIL.fullmatch(text) else "is no mail address"


def _number(each: Field, text: str) -> tuple[Any, str]:
    try:
        number = float(text)
    except ValueError:
        return None, f"{text[:40]!r} is no number"
    low = each.low if each.low is not None else -1e15
    high = each.high if each.high is not None else 1e15
    if not low <= number <= high:
        return None, f"has to be {limits(each.low, each.high, each.unit) or 'smaller'}"
    return int(number) if number.is_integer() else number, ""


def _date(_: Field, text: str) -> tuple[Any, str]:
    try:
        return date.fromisoformat(text), ""
    except ValueError:
        return None, "is no date: write 2026-11-22"


_PARSED: Final = ("number", "date")
_READERS: Final[Mapping[FieldKind, Callable[[Field, str], tuple[Any, str]]]] = {
    "text": _text,
    "long": _text,
    "toml": _text,
    "hidden": _text,
    "mail": _mail,
    "number": _number,
    "date": _date,
}
