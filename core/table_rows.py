"""Rows of a CSV table, and what is made of each: all wrong ones are told at once."""

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from core.thing_model.problems import ModelError, Problem

Made = TypeVar("Made")
_OVER: Final = ""
_QUOTE: Final = "quote text that has a comma"
_NO_INT: Final = re.compile(r"^invalid literal for int\(\) with base \d+: (.*)$")
_NO_FLOAT: Final = re.compile(r"^could not convert string to float: (.*)$")


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows, each with the `line` at which it ends."""
    try:
        with path.open(encoding="utf-8", newline="") as text:
            lines = csv.DictReader(text)
            return [_filled(row) | {"line": str(lines.line_num)} for row in lines]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ModelError([Problem(str(path), f"cannot be read: {error}")]) from None


def _filled(row: Mapping[Any, Any]) -> dict[str, str]:
    """Missing cells are empty; those of no column stand under a name that no column has."""
    return {column or _OVER: text or "" for column, text in row.items()}


def each_of(
    path: Path, make: Callable[[Mapping[str, str]], Made], rows: Iterable[Mapping[str, str]]
) -> list[Made]:
    """What is made of each row; raises ModelError with a Problem for every row that is wrong."""
    made, problems = list[Made](), list[Problem]()
    for row in rows:
        if _OVER in row:
            problems.append(_wrong(path, row, "has more cells than columns", _QUOTE))
            continue
        try:
            made.append(make(row))
        except KeyError as error:
            problems.append(_wrong(path, row, f"the table has no column {error.args[0]!r}"))
        except ValueError as error:
            problems.append(_wrong(path, row, _plain(error)))
    if problems:
        raise ModelError(problems)
    return made


def _wrong(path: Path, row: Mapping[str, str], what: str, hint: str = "") -> Problem:
    name = row.get("point") or row.get("symbol") or "row " + (row.get("address") or "")
    return Problem(f"{path}: {name.strip()}, line {row['line']}", what, hint)


def _plain(error: ValueError) -> str:
    said = _NO_INT.sub(r"\1 is not a whole number", str(error))
    return _NO_FLOAT.sub(r"\1 is not a number", said)
