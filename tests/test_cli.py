"""The command line as people and scripts use it: output, exit codes, errors without tracebacks."""

import json
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import click
import pytest

from portal.cli import COMMANDS
from tests.commands import run, said
from tests.scaffolds import ACME, break_unit, change

HELP = [sys.executable, "-c", "from portal.cli import main; main()", "--help"]


def test_help_lists_every_command():
    done = subprocess.run(HELP, capture_output=True, text=True, check=True)
    listed = [line.split()[0] for line in done.stdout.partition("Commands:\n")[2].splitlines()]
    assert listed == list(COMMANDS)


def test_help_is_quick():
    def seconds() -> float:
        started = time.monotonic()
        subprocess.run(HELP, capture_output=True, check=True)
        return time.monotonic() - started

    assert min(seconds() for _ in range(3)) < 0.5


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_helps(name: str):
    module, _, attribute = COMMANDS[name][0].partition(":")
    command = getattr(import_module(module), attribute)
    assert isinstance(command, click.Command)
    result = run(name, "--help")
    assert result.exit_code == 0
    assert command.help is not None
    assert command.help.split()[0] in result.output


def test_an_unknown_command_suggests_a_known_one():
    result = run("plugin")
    assert result.exit_code == 2
    assert "Error: no command is named 'plugin'; did you mean plugins?" in result.stderr


def test_plugins_are_listed(scaffold: Path):
    result = run("plugins", "--folder", scaffold)
    assert result.exit_code == 0
    lines = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line}
    assert lines["plugin"] == ["plugin", "origin", "datapoints", "channels", "commands", "faults"]
    assert lines[ACME] == [ACME, "folder", "6", "1", "1", "1"]
    assert lines["inverters.goodwe_et"][1:3] == ["built", "in"]


def test_plugins_are_listed_as_json_with_their_tier(scaffold: Path):
    rows = {row["plugin"]: row for row in said(run("plugins", "--json", "--folder", scaffold))}
    assert rows[ACME] == {
        "plugin": ACME,
        "origin": "folder",
        "datapoints": 6,
        "channels": 1,
        "commands": 1,
        "faults": 1,
        "products": [],
        "problems": [],
    }


def test_plugins_of_the_environment_are_loaded(scaffold: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("THINGWRIGHT_PLUGINS", str(scaffold))
    assert ACME in run("plugins").stdout
    assert run("plugins", "--folder", scaffold).stdout.count(ACME) == 1


def test_a_refused_plugin_is_listed_with_its_reason(scaffold: Path):
    break_unit(scaffold)
    result = run("plugins", "--folder", scaffold)
    assert result.exit_code == 0
    assert f"{ACME} is refused:\n" in result.stdout
    assert "unit 'Volt' is not known" in result.stdout
    rows = {row["plugin"]: row for row in said(run("plugins", "--json", "--folder", scaffold))}
    assert rows[ACME]["origin"] is None
    assert len(rows[ACME]["problems"]) == 1


def test_check_prints_tier_score_and_proof(scaffold: Path):
    result = run("check", "--folder", scaffold)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "meters.acme_m1  silver  mutants 44/44  status: derived\n"


def test_check_prints_what_it_finds_and_exits_with_1(scaffold: Path):
    change(scaffold, "vectors/derived.toml", "voltage = 230.1", "voltage = 230.2")
    result = run("check", ACME, "--folder", scaffold)
    assert (result.exit_code, result.stderr) == (1, "")
    first, finding, *_ = result.stdout.splitlines()
    assert first.startswith("meters.acme_m1  none  mutants ")
    assert finding == (
        "  frames: vectors/derived.toml: frame 1: voltage reads 230.1, the vector says 230.2"
    )


def test_check_as_json(scaffold: Path):
    change(scaffold, "vectors/derived.toml", "voltage = 230.1", "voltage = 230.2")
    result = run("check", ACME, "--folder", scaffold, "--json")
    assert result.exit_code == 1
    (report,) = json.loads(result.stdout)
    assert report["plugin"] == ACME
    assert report["tier"] == "none"
    assert report["proof"] == {"status": "derived"}
    assert report["skipped"] == []
    assert report["mutation"]["made"] == 44
    assert report["findings"][0] == {
        "rule": "frames",
        "where": "vectors/derived.toml: frame 1",
        "what": "voltage reads 230.1, the vector says 230.2",
        "hint": "",
    }


def test_check_of_a_refused_plugin_says_why(scaffold: Path):
    break_unit(scaffold)
    result = run("check", "--folder", scaffold)
    assert result.exit_code == 1
    assert "unit 'Volt' is not known" in result.stdout


def test_check_of_an_unknown_plugin_suggests_a_known_one():
    result = run("check", "inverters.goodwe")
    assert result.exit_code == 2
    assert "no plugin is named 'inverters.goodwe'; did you mean inverters.goodwe_et" in (
        result.stderr
    )


@pytest.mark.parametrize(
    "kind", ["inverters", "batteries", "meters", "chargers", "wifi", "grid_specs", "functions"]
)
def test_a_new_plugin_of_every_kind_conforms(tmp_path: Path, kind: str):
    made = run("new", kind, "acme_x", "--into", tmp_path)
    assert made.exit_code == 0
    assert f"Try: thingwright check {kind}.acme_x --folder {tmp_path}" in made.stdout
    checked = run("check", "--folder", tmp_path)
    assert checked.exit_code == 0, checked.stdout
    assert checked.stdout.startswith(f"{kind}.acme_x  ")


def test_a_new_plugin_is_in_the_style_of_the_house(tmp_path: Path):
    for kind in ("meters", "grid_specs", "functions"):
        run("new", kind, "acme_x", "--into", tmp_path)
    root = Path(__file__).parents[1]
    config = ["--config", str(root / "pyproject.toml")]
    for command in (["check", "--ignore", "INP001"], ["format", "--check"]):
        ruff = [str(Path(sys.executable).with_name("ruff")), *command, *config, str(tmp_path)]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_new_overwrites_nothing(scaffold: Path):
    result = run("new", "meters", "acme_m1", "--into", scaffold)
    assert result.exit_code == 1
    assert "is there already" in result.stderr


@pytest.mark.parametrize("name", ["Acme", "acme-m1", "../acme", "1st"])
def test_new_wants_a_proper_name(tmp_path: Path, name: str):
    result = run("new", "meters", name, "--into", tmp_path)
    assert result.exit_code == 2
    assert "is no name for a plugin" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_schemas_are_written_and_checked(tmp_path: Path):
    stale = run("schema", "--check", "--into", tmp_path)
    assert stale.exit_code == 1
    assert "run `uv run thingwright schema`" in stale.stderr
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "forgotten.schema.json").write_text("{}")
    written = run("schema", "--into", tmp_path)
    assert written.exit_code == 0
    assert f"wrote {tmp_path / 'product_model.schema.json'}" in written.stdout
    assert f"removed {tmp_path / 'forgotten.schema.json'}" in written.stdout
    assert run("schema", "--check", "--into", tmp_path).exit_code == 0
    assert run("schema", "--into", tmp_path).stdout == ""
