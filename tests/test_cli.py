"""The command line as people and scripts use it: output, exit codes, errors without tracebacks."""

import json
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from portal.cli import COMMANDS, main

ACME = "meters.acme_m1"
FRAME = "01030e08fdfa240012d687019f0000138866cd"


def run(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def said(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


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


def break_unit(folder: Path) -> None:
    change(folder, "__init__.py", '"V", range', '"Volt", range')


def change(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / "meters" / "acme_m1" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


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


def test_decode_prints_readings(scaffold: Path):
    document = said(run("decode", ACME, "status", "--hex", FRAME, "--folder", scaffold))
    assert document["faults"] == []
    assert document["readings"]["voltage"] == {
        "value": 230.1,
        "unit": "V",
        "raw": 2301,
        "span": [3, 5],
    }
    assert list(document["readings"]) == [
        "voltage",
        "power",
        "energy_total",
        "temperature",
        "fault_word",
        "power_limit",
    ]


ABSENT = "01030e08fdfa240012d6877fff00001388ecdb"


def test_an_absent_value_is_null(scaffold: Path):
    document = said(run("decode", ACME, "status", "--hex", ABSENT, "--folder", scaffold))
    assert document["readings"]["temperature"] == {
        "value": None,
        "unit": "degC",
        "raw": 0x7FFF,
        "span": [11, 13],
    }


def test_an_implausible_value_is_kept_apart(scaffold: Path):
    frame = "01 03 0e 8001 8002 80030004 8005 8006 8007 09c9"
    document = said(run("decode", ACME, "status", "--hex", frame, "--folder", scaffold))
    voltage = document["readings"]["voltage"]
    assert voltage["value"] is None
    assert voltage["raw"] == 0x8001
    assert voltage["implausible"] == {
        "value": 3276.9,
        "reason": "3276.9 is outside its range 0 to 300",
    }
    assert document["readings"]["energy_total"]["value"] == 21476802.6


def test_faults_are_listed(scaffold: Path):
    values = json.dumps(
        {
            "voltage": 230,
            "power": 0,
            "energy_total": 0,
            "temperature": 20,
            "fault_word": 8,
            "power_limit": 0,
        }
    )
    frame = run("encode", ACME, "status", "--values", values, "--folder", scaffold).stdout.strip()
    document = said(run("decode", ACME, "status", "--hex", frame, "--folder", scaffold))
    (fault,) = document["faults"]
    assert (fault["code"], fault["severity"]) == ("fan_stalled", "warning")


@pytest.mark.parametrize(
    "content", [FRAME.encode(), b" \n".join([FRAME[:10].encode(), FRAME[10:].upper().encode()])]
)
def test_decode_reads_a_file_of_hex(scaffold: Path, tmp_path: Path, content: bytes):
    file = tmp_path / "frame"
    file.write_bytes(content)
    document = said(run("decode", ACME, "status", "--file", file, "--folder", scaffold))
    assert document["readings"]["power"]["value"] == -1500


def test_decode_reads_a_file_of_bytes_and_stdin(scaffold: Path, tmp_path: Path):
    file = tmp_path / "frame"
    file.write_bytes(bytes.fromhex(FRAME))
    of_file = said(run("decode", ACME, "status", "--file", file, "--folder", scaffold))
    arguments = ("decode", ACME, "status", "--file", "-", "--folder", scaffold)
    assert said(run(*arguments, stdin=bytes.fromhex(FRAME))) == of_file


JSON_METER = """
from thingwright import *
from thingwright.layout import *

@hookimpl
def declare_components():
    yield Component("meter", "Plain")
    yield Component("meter", "Double", "double")

@hookimpl
def declare_datapoints():
    yield Datapoint("power", "W")
    yield Datapoint("power2", "W")
    yield Datapoint("total", "W", of=("power", "power2"), computed=total)

@hookimpl
def declare_decoders():
    yield Decoder("status", json_object(number("power", "p")))
    yield Decoder("status", json_object(number("power", "p"), number("power2", "q")),
                  variants=("double",))
    yield Decoder("packed", registers(0, u32("power", (0, 5))))
"""


def test_text_frames_variants_and_computed_values(write_plugin, tmp_path: Path):
    write_plugin("meters.shop", JSON_METER)
    arguments = ("decode", "meters.shop", "status", "--folder", tmp_path, "--text", '{"p":1,"q":2}')
    assert list(said(run(*arguments))["readings"]) == ["power"]
    assert said(run(*arguments, "--variant", "double"))["readings"] == {
        "power": {"value": 1, "unit": "W", "raw": 1, "span": [5, 6]},
        "power2": {"value": 2, "unit": "W", "raw": 2, "span": [11, 12]},
        "total": {"value": 3, "unit": "W", "raw": None, "span": None},
    }
    wrong = run(*arguments, "--variant", "triple")
    assert (wrong.exit_code, "has no variant 'triple'; variants are double" in wrong.stderr) == (
        2,
        True,
    )


def test_a_value_of_several_places_has_several_spans(write_plugin, tmp_path: Path):
    write_plugin("meters.shop", JSON_METER)
    frame = "0001 0000 0000 0000 0000 0002"
    found = said(run("decode", "meters.shop", "packed", "--hex", frame, "--folder", tmp_path))
    power = found["readings"]["power"]
    assert power["raw"] == 0x00020001
    assert sorted(power["span"]) == [[0, 2], [10, 12]]


def test_decode_shows_its_code_without_a_frame(scaffold: Path):
    result = run("decode", ACME, "status", "--show-code", "--folder", scaffold)
    assert result.exit_code == 0
    assert "def decode" in result.stdout


def test_encode_writes_what_decode_reads(scaffold: Path):
    readings = said(run("decode", ACME, "status", "--hex", FRAME, "--folder", scaffold))["readings"]
    values = json.dumps({key: reading["value"] for key, reading in readings.items()})
    result = run("encode", ACME, "status", "--values", values, "--folder", scaffold)
    assert (result.exit_code, result.stdout.strip()) == (0, FRAME)


def test_encode_writes_commands(scaffold: Path):
    values = '{"power_limit": 5000}'
    result = run("encode", ACME, "set_power_limit", "--values", values, "--folder", scaffold)
    assert result.stdout.strip() == "01100200000102138888c6"


ERRORS = {
    "no frame": (("decode", ACME, "status"), 2, "say the frame once: --hex, --file or --text"),
    "two frames": (("decode", ACME, "status", "--hex", "00", "--text", "x"), 2, "frame once"),
    "no hex": (("decode", ACME, "status", "--hex", "0x"), 2, "it is not hex"),
    "no file": (("decode", ACME, "status", "--file", "/nowhere"), 2, "No such file"),
    "a bad frame": (("decode", ACME, "status", "--hex", "01"), 1, "Error: frame at byte 1: ends"),
    "an unknown channel": (
        ("decode", ACME, "state", "--hex", "01"),
        2,
        f"no channel of {ACME} is named 'state'; did you mean status?",
    ),
    "an unknown plugin": (
        ("decode", "meters.acme_m2", "status", "--hex", "01"),
        2,
        "no plugin is named 'meters.acme_m2'; did you mean meters.acme_m1",
    ),
    "no JSON": (("encode", ACME, "status", "--values", "{"), 2, "not an object of values"),
    "no object": (("encode", ACME, "status", "--values", "[1]"), 2, "not an object of values"),
    "an unknown value": (
        ("encode", ACME, "status", "--values", '{"voltag": 1}'),
        2,
        "no value of status is named 'voltag'; did you mean voltage?",
    ),
    "a value too large": (
        ("encode", ACME, "set_power_limit", "--values", '{"power_limit": 70000}'),
        1,
        "Error: power_limit: does not fit its u16",
    ),
    "a value that is missing": (
        ("encode", ACME, "set_power_limit"),
        1,
        "Error: power_limit: is missing",
    ),
}


@pytest.mark.parametrize(("arguments", "code", "text"), ERRORS.values(), ids=ERRORS)
def test_errors_have_a_code_and_no_traceback(scaffold: Path, arguments, code: int, text: str):
    result = run(*arguments, "--folder", scaffold)
    assert result.exit_code == code
    assert text in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_decode_with_a_refused_plugin_says_why(scaffold: Path):
    break_unit(scaffold)
    result = run("decode", ACME, "status", "--hex", FRAME, "--folder", scaffold)
    assert result.exit_code == 1
    assert f"Error: {ACME} could not be loaded:" in result.stderr
    assert "unit 'Volt' is not known" in result.stderr


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
