"""What changed between two texts of a product model, key by key."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from attrs import frozen

from core.product_files import document_of, spelled_out


@frozen
class Change:
    """One key that differs. `before` is None where it is new, `after` where it is gone.

    `path` leads to it: `name`, `inverter.model`, `batteries[1].max_count`. Lists whose order says
    nothing are told by what is in them: `markets[DE]`, `software_functions[storm_guard]`.
    """

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.path}: new, {self.after!r}"
        if self.after is None:
            return f"{self.path}: gone, was {self.before!r}"
        return f"{self.path}: {self.before!r} → {self.after!r}"


def changes(old: str, new: str) -> list[Change]:
    """From one TOML text to another, in the order of the texts; raises ModelError.

    Comments, spaces, and the order of keys are no changes, nor is a short form written out.
    """
    before, after = (dict(_flat(spelled_out(document_of(text, "TOML")))) for text in (old, new))
    paths = dict.fromkeys((*before, *after))
    found = (Change(path, before.get(path), after.get(path)) for path in paths)
    return [change for change in found if change.before != change.after]


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in cast("Mapping[str, Any]", value).items():
            yield from _flat(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, item in enumerate(cast("Sequence[Any]", value), 1):
            yield from _of_list(item, path, number)
    else:
        yield path, value


def _of_list(item: Any, path: str, number: int) -> Iterator[tuple[str, Any]]:
    """By what it is where that names it, else by its place, counted from 1 as slots are."""
    if isinstance(item, str):
        yield f"{path}[{item}]", item
    elif isinstance(item, dict) and "id" in item:
        use = cast("Mapping[str, Any]", item)
        yield f"{path}[{use['id']}]", use.get("version") or "newest"
    else:
        yield from _flat(item, f"{path}[{number}]")
