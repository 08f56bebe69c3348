"""Writes vectors as TOML: what a script worked out, in the shape of a plugin's `vectors/` files."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FACTS = ROOT.parent / "shared/facts"


def entry(kind: str, values: Mapping[str, Any] | None = None, **facts: Any) -> str:
    """One `[[kind]]`; absent values (None) are left out, as a vector's values want it."""
    lines = [f"[[{kind}]]", *(f"{name} = {_literal(fact)}" for name, fact in facts.items())]
    if values is not None:
        said = {key: value for key, value in values.items() if value is not None}
        lines += [f"[{kind}.values]", *(f"{_name(key)} = {_literal(v)}" for key, v in said.items())]
    return "\n".join(lines) + "\n"


def faults(datapoint: str, codes: Mapping[int, str], *, bits: bool) -> list[str]:
    """Every fault of a datapoint raised alone, by its bit or its number, and none by zero."""
    numbers = {0: (), **{(1 << n if bits else n): (code,) for n, code in codes.items()}}
    return [
        entry("fault", origin="derived", values={datapoint: number}, raises=raised)
        for number, raised in numbers.items()
    ]


def write(plugin: str, name: str, about: str, entries: Sequence[str]) -> None:
    """The file `name` of a plugin's vectors; `about` is its first line."""
    path = ROOT / "plugins" / plugin.replace(".", "/") / "vectors" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# {about}\n\n" + "\n".join(entries), encoding="utf-8")


def spaced(data: bytes) -> str:
    """Hex with a space between bytes, as vectors show it."""
    return data.hex(" ")


def _name(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _literal(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_name(k)} = {_literal(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, str) and "\n" in value:
        return "'''\n" + value + "'''"
    return json.dumps(value, ensure_ascii=False)
