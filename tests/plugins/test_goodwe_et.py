"""GoodWe ET: frames of a real GW10K-ET against what an independent library reads in them."""

import csv
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.host import load
from core.registry import Part, System
from core.thing_model.fault import raised
from core.thing_model.layout.fields import Value
from core.thing_model.problems import DecodeError
from core.vectors import captures_folder
from plugins.inverters import goodwe_et

CAPTURES = captures_folder() / "goodwe_et"
FACTS = captures_folder().parent / "facts"
VECTORS = Path(goodwe_et.__file__).with_name("vectors")

needs_captures = pytest.mark.skipif(
    not CAPTURES.is_dir(), reason=f"captured frames are not on this machine: {CAPTURES}"
)
needs_facts = pytest.mark.skipif(
    not FACTS.is_dir(), reason=f"fact tables are not on this machine: {FACTS}"
)

CASES = json.loads((CAPTURES / "expected.json").read_text()) if CAPTURES.is_dir() else []
FRAMES: dict[str, str] = CASES[0]["frames"] if CASES else {}
SENSORS = [expected for case in CASES for expected in case["expected"]]
ATTRIBUTES = [attribute for case in CASES for attribute in case["attributes"]]

ROUNDED = {"meter_e_total_exp": 3, "meter_e_total_imp": 3}
"""Known difference: the library rounds these to so many decimals, we keep what the float says."""
FAULT_WORDS = ("errors", "battery_error", "battery_warning")
"""Known difference: the library shows the names of the bits, we the word and its faults."""
UNITS = {"C": "degC"}


@pytest.fixture(scope="module")
def system() -> System:
    registry = load(strict=True)
    product = registry.product_of_sn("9010KETU000W0000")
    assert product is not None
    return registry.system(product)


@pytest.fixture(scope="module")
def inverter(system: System) -> Part:
    return system.parts["inverter"]


def read(inverter: Part, channel: str, data: bytes) -> dict[str, Value]:
    """All values of a frame, none of which is implausible."""
    values, refused = inverter.channels[channel].read(data)
    assert refused == ()
    return dict(zip(inverter.channels[channel].keys, values, strict=True))


@pytest.fixture(scope="module")
def captured(inverter: Part) -> dict[str, Value]:
    return {
        key: value
        for channel, file in FRAMES.items()
        for key, value in read(
            inverter, channel, bytes.fromhex((CAPTURES / file).read_text())
        ).items()
    }


def derived(channel: str) -> list[dict[str, Any]]:
    """Typical frames from the shortest to the longest, then one of edges, then an absent one."""
    frames: list[dict[str, Any]] = tomllib.loads((VECTORS / f"{channel}.toml").read_text())["frame"]
    return frames


def good(channel: str, number: int = 0) -> bytes:
    return bytes.fromhex(derived(channel)[number]["hex"])


# --- what the library reads -----------------------------------------------------------------------


def shown(inverter: Part, key: str, value: Value) -> Value:
    """A value as the library shows it."""
    if key == "timestamp":
        return f"datetime.strptime('{str(value).replace('T', ' ')}', '%Y-%m-%d %H:%M:%S')"
    if key in ROUNDED:
        assert isinstance(value, float)
        return round(value, ROUNDED[key])
    if key in FAULT_WORDS:
        return ", ".join(fault.name for fault in raised(inverter.faults, {key: value}))
    if key == "diagnose_result_label":
        assert isinstance(value, int)
        return ", ".join(label for bit, label in diagnoses() if value >> bit & 1)
    enum = inverter.datapoints[key].enum
    return enum.label(value) if key.endswith("_label") and enum else value


def diagnoses() -> list[tuple[int, str]]:
    """The status bits, which are no faults; the fact table has their names."""
    with (FACTS / "bitfields.csv").open(encoding="utf-8", newline="") as lines:
        rows = [r for r in csv.DictReader(lines) if r["bitfield"] == "goodwe_diag_status_codes"]
    return sorted((int(row["bit"]), row["label"]) for row in rows)


@needs_captures
def test_all_values_of_the_library_are_compared() -> None:
    assert (len(SENSORS), len(ATTRIBUTES)) == (145, 12)


@needs_captures
@pytest.mark.parametrize("expected", SENSORS, ids=[expected["sensor"] for expected in SENSORS])
def test_reads_what_the_library_reads(
    inverter: Part, captured: dict[str, Value], expected: dict[str, Any]
) -> None:
    key = expected["sensor"]
    assert shown(inverter, key, captured[key]) == expected["value"]
    unit = inverter.datapoints[key].unit
    assert unit == UNITS.get(expected["unit"], expected["unit"])


@needs_captures
@pytest.mark.parametrize(("key", "value"), ATTRIBUTES, ids=[key for key, _ in ATTRIBUTES])
def test_reads_the_device_information(captured: dict[str, Value], key: str, value: Value) -> None:
    assert captured[key] == value


@needs_captures
def test_real_frames_tell_of_no_fault(inverter: Part, captured: dict[str, Value]) -> None:
    assert raised(inverter.faults, captured) == ()


@needs_captures
@pytest.mark.parametrize("channel", ["meter", "battery"])
def test_real_frames_are_encoded_byte_for_byte(inverter: Part, channel: str) -> None:
    data = bytes.fromhex((CAPTURES / FRAMES[channel]).read_text())
    codec = inverter.channels[channel].codec
    assert codec.encode(dict(zip(codec.keys, codec.decode(data), strict=True))) == data


# --- what plus means ------------------------------------------------------------------------------


@needs_captures
def test_roles_carry_the_sign_of_the_house(system: System, captured: dict[str, Value]) -> None:
    house = system.house({("inverter", key): value for key, value in captured.items()})
    assert captured["battery_mode_label"] == 3  # charge
    assert {role: house[role] for role in ("pv.power", "load.power", "battery.soc")} == {
        "pv.power": 3456,
        "load.power": 947,
        "battery.soc": 68,
    }
    assert (house["battery.power"], house["grid.power"]) == (2512, 3)


@needs_captures
def test_plus_at_the_grid_is_exporting(captured: dict[str, Any]) -> None:
    used = captured["load_ptotal"] + captured["backup_ptotal"]
    assert captured["total_inverter_power"] == used + captured["active_power"]


@needs_captures
def test_grid_energy_is_what_the_meter_counts(system: System, captured: dict[str, Any]) -> None:
    house = system.house({("inverter", key): value for key, value in captured.items()})
    gained = house["pv.energy"] + house["grid.energy_imported"] - house["grid.energy_exported"]
    stored = house["battery.energy_charged"] - house["battery.energy_discharged"]
    assert house["load.energy"] == pytest.approx(gained - stored, rel=0.03)
    own = captured["e_total"] + captured["e_total_imp"] - captured["e_total_exp"]
    assert house["load.energy"] != pytest.approx(own - stored, rel=0.5)


# --- computed values ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("active_power", "direction"), [(90, 1), (89, 0), (0, 0), (-90, 0), (-91, 2)]
)
def test_grid_is_idle_within_the_dead_band(active_power: int, direction: int) -> None:
    assert goodwe_et.grid_in_out(active_power) == direction


def test_strings_that_the_device_lacks_do_not_count(inverter: Part) -> None:
    values = read(inverter, "running", good("running"))
    values["ppv3"] = values["ppv4"] = None
    ppv1, ppv2 = values["ppv1"], values["ppv2"]
    assert isinstance(ppv1, int)
    assert isinstance(ppv2, int)
    assert inverter.datapoints["ppv"].compute(values) == ppv1 + ppv2


def test_absent_strings_make_no_total(inverter: Part) -> None:
    values = read(inverter, "running", good("running", -1))
    assert [values[key] for key in ("vpv1", "ppv1", "ppv", "house_consumption")] == [None] * 4
    assert values["active_power"] is not None


@pytest.mark.parametrize(("number", "source"), [(0, "_float"), (1, "_float"), (2, "")])
def test_meter_energy_is_found_in_answers_of_any_length(
    inverter: Part, number: int, source: str
) -> None:
    data = good("meter", number)
    decoded = inverter.channels["meter"].codec
    sent = dict(zip(decoded.keys, decoded.decode(data), strict=True))
    values = read(inverter, "meter", data)
    for key in ("meter_e_total_exp", "meter_e_total_imp"):
        assert values[key] == sent[key + source] is not None
        assert (sent[key] is None) == bool(source)


@pytest.mark.parametrize(("channel", "count"), [("meter", 45), ("mppt", 61)])
def test_a_short_answer_is_encoded_as_short(inverter: Part, channel: str, count: int) -> None:
    codec = inverter.channels[channel].codec
    values = codec.decode(good(channel))
    data = codec.encode(dict(zip(codec.keys, values, strict=True)))
    assert len(data) == 7 + 2 * count
    assert codec.decode(data) == values


def test_alarms_of_both_words_are_faults(inverter: Part) -> None:
    values = read(inverter, "battery", good("battery"))
    assert values["battery_error"] == goodwe_et.joined(13, 7)
    assert {fault.code for fault in raised(inverter.channels["battery"].faults, values)} >= {
        "battery1_charging_over_voltage_2",
        "battery1_discharging_under_voltage_2",
        "battery1_cell_temperature_high_2",
    }


# --- frames and tables ----------------------------------------------------------------------------


def flipped(data: bytes) -> bytes:
    return data[:10] + bytes((data[10] ^ 1,)) + data[11:]


@pytest.mark.parametrize(
    ("data", "offset", "reason"),
    [
        (flipped(good("battery")), 53, "CRC"),
        (good("battery")[:-1], 4, "announces 48 bytes of registers, holds 47"),
        (good("battery")[2:], 0, "begin with aa 55"),
        (b"", 0, "begin with aa 55"),
        (good("battery2"), 49, "expected 48"),
    ],
    ids=["corrupt", "short", "no prefix", "empty", "of another channel"],
)
def test_damaged_frames_are_refused(inverter: Part, data: bytes, offset: int, reason: str) -> None:
    with pytest.raises(DecodeError, match=re.escape(reason)) as refused:
        inverter.channels["battery"].read(data)
    assert refused.value.offset == offset


def test_an_implausible_value_is_absent_and_told_of(inverter: Part) -> None:
    values, refused = inverter.channels["battery"].read(good("battery", 1))
    known = dict(zip(inverter.channels["battery"].keys, values, strict=True))
    assert known["battery_soc"] is None
    assert "battery_soc" in [error.datapoint for error in refused]
    assert known["battery_charge_limit"] is not None


@needs_facts
def test_every_row_of_the_fact_table_is_decoded(inverter: Part) -> None:
    with (FACTS / "registers" / "goodwe_et.csv").open(encoding="utf-8", newline="") as lines:
        points = {row["point"] for row in csv.DictReader(lines)}
    decoded = {key for channel in inverter.channels.values() for key in channel.codec.keys}
    assert len(points) == 321
    assert points <= decoded


def test_every_datapoint_is_said_on_some_channel(inverter: Part) -> None:
    said = {key for channel in inverter.channels.values() for key in channel.keys}
    assert inverter.datapoints.keys() == said
