"""Runs the command line within the test's own process."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from portal.cli import main

ACME = "meters.acme_m1"
"""The plugin of the fixture `scaffold`."""


def run(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def said(result: Result) -> Any:
    """The JSON that a command prints when all is well."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Change the scaffold, so that something of it is wrong."""
    path = folder / "meters" / "acme_m1" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def break_unit(folder: Path) -> None:
    change(folder, "__init__.py", '"V", range', '"Volt", range')
