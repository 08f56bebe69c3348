"""Runs the command line within the test's own process."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from portal.cli import main


def run(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def said(result: Result) -> Any:
    """The JSON that a command prints when all is well."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)
