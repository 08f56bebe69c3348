"""Paths into a JSON document: names, places in lists, and elements picked by what they say.

`emeters[0].power` is the power of the first; `sampledValue[measurand=Voltage, phase=L1-N|L1].value`
the value of the last element that says so. In brackets stand conditions, `name=text`, several with
commas between them: `|` separates texts of which any will do, none at all means that the name is
missing, and a name may be a path of its own, `unit.name=W`. `[]` is the last element that holds the
rest of the path. Names are compared whatever their case, texts as they are.
"""

import re
from collections.abc import Sequence
from typing import Any, cast

from attrs import evolve, frozen

Condition = tuple[str, tuple[str, ...]]
"""The path of a name, and the texts that may stand there; an empty one for a missing name."""

_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")


@frozen
class Pick:
    """The last element of a list that fits all of `where` and holds the rest of the path."""

    where: tuple[Condition, ...] = ()

    def fits(self, element: Any) -> bool:
        return all(_said(element, name) in texts for name, texts in self.where)

    def without(self, number: int) -> "Pick":
        return evolve(self, where=self.where[:number] + self.where[number + 1 :])

    def __str__(self) -> str:
        return ", ".join(f"{name}={'|'.join(texts)}" for name, texts in self.where)


Step = str | int | Pick
Path = tuple[Step, ...]
Place = tuple[str | int, ...]
"""A path whose picks are settled."""


def parse_path(path: str) -> Path:
    """`emeters[0].power` as ("emeters", 0, "power"), names in lower case."""
    return tuple(_folded(step) for step in steps(path))


def steps(path: str) -> Path:
    """A path with its names as they are written; raises ValueError."""
    return tuple(name or _bracketed(brackets, path) for brackets, name in _STEP.findall(path))


def written(path: Path) -> str:
    """The text that `steps` reads as this path."""
    return "".join(f".{s}" if isinstance(s, str) else f"[{s}]" for s in path).removeprefix(".")


def get(document: Any, path: Path) -> Any:
    """The value at a path; None where there is none."""
    for number, step in enumerate(path):
        if isinstance(step, Pick):
            rest = path[number + 1 :]
            found = (get(element, rest) for element in _fitting(document, step))
            return next((value for value in found if value is not None), None)
        try:
            document = document[step]
        except (IndexError, KeyError, TypeError):
            return None
    return document


def settled(document: Any, path: Path) -> Place:
    """The path with places for its picks, if there is a value at its end; else as far as any."""
    place: list[str | int] = []
    for number, step in enumerate(path):
        if isinstance(step, Pick):
            rest = path[number + 1 :]
            listed = [*enumerate(cast("Sequence[Any]", document))][::-1] if _is(document) else []
            holding = (n for n, e in listed if step.fits(e) and get(e, rest) is not None)
            step = next(holding, len(listed))  # noqa: PLW2901
        place.append(step)
        document = get(document, (step,))
    return tuple(place)


def put(document: dict[str, Any], path: Path, raw: Any, *, join: bool = False) -> None:
    """Write a value, and what leads to it; `join` adds its bits to those that are there."""
    here: Any = document
    for step, following in zip(path, [*path[1:], None], strict=True):
        place = _placed(here, step)
        known = get(here, (place,))
        if following is None:
            here[place] = known | raw if join and known is not None else raw
        elif known is None:
            here[place] = {} if isinstance(following, str) else []
        here = here[place]


def _placed(here: Any, step: Step) -> str | int:
    """Where a step leads in a document that is being written; lists grow as far as they must."""
    if isinstance(step, str):
        return step
    if isinstance(step, Pick):
        fitting = [number for number, element in enumerate(here) if step.fits(element)]
        if fitting:
            return fitting[-1]
        here.append(element := dict[str, Any]())
        for name, texts in step.where:
            if texts[0]:
                put(element, steps(name), texts[0])
        return len(here) - 1
    here += [None] * (step + 1 - len(here))
    return step


def _bracketed(text: str, path: str) -> int | Pick:
    if text.isdigit():
        return int(text)
    conditions = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    if not all(name and equals for name, equals, _ in conditions):
        raise ValueError(f"{path!r}: [{text}] is neither a place nor a list of name=text")
    return Pick(tuple((name, tuple(texts.split("|"))) for name, _, texts in conditions))


def _folded(step: Step) -> Step:
    if isinstance(step, str):
        return step.lower()
    if isinstance(step, Pick):
        return Pick(tuple((name.lower(), texts) for name, texts in step.where))
    return step


def _fitting(document: Any, pick: Pick) -> Sequence[Any]:
    if not _is(document):
        return ()
    return [each for each in reversed(cast("Sequence[Any]", document)) if pick.fits(each)]


def _is(document: Any) -> bool:
    return isinstance(document, list)


def _said(element: Any, name: str) -> str:
    """What an element says under a name, as text; empty where the name is missing."""
    for step in name.split("."):
        element = get(element, (step,))
    return "" if element is None else str(element)
