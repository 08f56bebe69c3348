"""Where in a text of a product model something is wrong."""

import re
from typing import Final

from core.thing_model.problems import Problem

_AT_LINE: Final = re.compile(r"\(at line (\d+), column \d+\)")
_QUOTED: Final = re.compile(r"'([^']+)'")


def line_of(text: str, problem: Problem) -> int | None:
    """The line, from 1 on, that a problem is about; None where that is not in the text.

    The line that TOML's own reader names, else the one with the value or key that is refused, else
    the one where the key begins that the problem's place begins with.
    """
    lines = text.split("\n")
    if found := _AT_LINE.search(problem.what):
        return int(found[1])
    if "at end of document" in problem.what:
        return len(lines)
    key = re.split(r"[.\[]", problem.where.rpartition(": ")[2])[0]
    begin = _line_with(lines, rf"^\s*(\[+\s*)?{re.escape(key)}\b\s*(\]|=)")
    quoted = _QUOTED.search(problem.what)
    if quoted is None or "is a required property" in problem.what:
        return begin
    said = re.escape(quoted[1])
    at = _line_with(lines, rf"""(["']{said}["']|^\s*(\[+\s*)?{said}\s*(\]|=))""", begin or 1)
    return at or begin


def _line_with(lines: list[str], pattern: str, first: int = 1) -> int | None:
    looked_at = enumerate(lines[first - 1 :], first)
    return next((number for number, line in looked_at if re.search(pattern, line)), None)
