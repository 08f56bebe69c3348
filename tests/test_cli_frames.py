"""`thingwright decode` and `encode`: one frame, on the command line."""

import json
from pathlib import Path

import pytest

from tests.commands import run, said
from tests.scaffolds import ACME, break_unit

FRAME = "01030e08fdfa240012d687019f0000138866cd"


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
