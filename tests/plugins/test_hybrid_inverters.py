"""Hybrid inverters of several makers: what each does its own way, worked out by hand."""

import csv
from pathlib import Path

import pytest

from core.host import load
from core.registry import Channel, Part, Registry, part_of
from core.thing_model.fault import raised
from core.thing_model.layout.binary import Binary
from core.thing_model.layout.fields import Value
from core.thing_model.layout.framing import Framed, ModbusRtu, crc16
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.problems import EncodeError
from core.thing_model.product import Mounted
from core.vectors import captures_folder
from plugins import inverters

FOLDER = Path(inverters.__file__).parent
FACTS = captures_folder().parent / "facts/registers"

FAMILIES = {
    "sungrow_sh": "sungrow_sh",
    "deye_hybrid_3p": "deye_hybrid_3p",
    "deye_hybrid_1p": "deye_hybrid_1p",
    "sofar_g3_hybrid": "sofar_g3_hybrid",
    "solis_hybrid": "solis_hybrid",
    "solaredge": "solaredge",
    "livoltek_gen2": "livoltek_gen2",
    "alphaess_storion": "alphaess_storion_industry",
}
"""Plugin: its fact table."""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(strict=True)


def part(registry: Registry, name: str) -> Part:
    plugin, _, variant = name.partition(".")
    model = ".".join(filter(None, ("inverters", plugin, variant)))
    return part_of(registry.plugins[f"inverters.{plugin}"], "inverter", Mounted(model), "")


def answer(channel: Channel, words: dict[int, str]) -> bytes:
    """The frame of a channel in which the registers from an address on hold some hex, else zero."""
    layout = channel.decoder.layout
    assert isinstance(layout, Framed)
    assert isinstance(layout.layout, Binary)
    assert isinstance(layout.framing, ModbusRtu)
    body = bytearray(max(layout.layout.sizes))
    for address, text in words.items():
        start = 2 * (address - layout.layout.start)
        data = bytes.fromhex(text)
        body[start : start + len(data)] = data
    frame = bytes((1, layout.framing.function, len(body))) + body
    return frame + crc16(frame).to_bytes(2, "little")


def read(registry: Registry, name: str, channel: str, words: dict[int, str]) -> dict[str, Value]:
    found = part(registry, name).channels[channel]
    values, _ = found.read(answer(found, words))
    return dict(zip(found.keys, values, strict=True))


READINGS: list[tuple[str, str, dict[int, str], str, Value]] = [
    # the low word of a pair comes first
    ("sungrow_sh", "energy", {13002: "86A1 0001"}, "total_pv_generation", 10_000.1),
    ("sungrow_sh", "meter", {5600: "FE0C FFFF"}, "meter_active_power", -500),
    ("livoltek_gen2", "running", {42590: "FE0C FFFF"}, "battery_active_power", -500),
    # the high word comes first
    ("sofar_g3_hybrid", "energy", {1670: "0001 86A1"}, "total_production", 10_000.1),
    ("solis_hybrid", "storage", {33149: "FFFF FE0C"}, "battery_power", -500),
    # words that are not adjacent, low word first
    ("deye_hybrid_3p", "power", {625: "FE0C", 690: "FFFF"}, "grid_power", -500),
    ("deye_hybrid_3p", "power", {653: "1170", 659: "0001"}, "load_consumption_power", 70_000),
    ("deye_hybrid_1p", "status", {78: "86A1 1388 0001"}, "total_energy_import", 10_000.1),
    ("deye_hybrid_1p", "status", {78: "86A1 1388 0001"}, "grid_frequency", 50.0),
    # a version of three registers, in the order in which the source lists them
    (
        "deye_hybrid_3p",
        "device_info",
        {11: "3003", 14: "1001 2002"},
        "device_control_board_firmware_version",
        "1001-2002-3003",
    ),
    # one table, two scales
    ("deye_hybrid_3p", "power", {587: "14B4", 590: "0190"}, "battery_voltage", 53.0),
    ("deye_hybrid_3p.hv", "power", {587: "14B4", 590: "0190"}, "battery_voltage", 530.0),
    ("deye_hybrid_3p", "power", {590: "FE70"}, "battery_power", -400),
    ("deye_hybrid_3p.hv", "power", {590: "FE70"}, "battery_power", -4000),
    ("deye_hybrid_3p", "pv", {672: "0064 00C8", 730: "0001"}, "pv_power_total", 301),
    ("deye_hybrid_3p.hv", "pv", {672: "0064 00C8", 730: "0001"}, "pv_power_total", 3010),
    # an offset: no degree below -50 is believed
    ("deye_hybrid_3p", "power", {586: "04E2"}, "battery_temperature", 25.0),
    ("deye_hybrid_1p", "power", {182: "04E2"}, "battery_temperature", 25.0),
    ("deye_hybrid_1p", "power", {182: "0000"}, "battery_temperature", None),
    # parts of one register
    ("deye_hybrid_3p", "device_info", {22: "0203"}, "device_mppts", 2),
    ("deye_hybrid_3p", "device_info", {22: "0203"}, "device_phases", 3),
    ("deye_hybrid_3p", "status", {552: "0004"}, "grid", 1),
    ("deye_hybrid_3p", "status", {552: "0004"}, "generator", 0),
    ("deye_hybrid_1p", "settings", {280: "0100"}, "grid_peak_shaving_setting_280", 1),
    ("deye_hybrid_1p", "settings", {280: "0100"}, "generator_peak_shaving_setting_280", 0),
    # a scale that turns the sign
    ("sofar_g3_hybrid", "battery", {1542: "0064"}, "battery_power", -1000),
    ("sofar_g3_hybrid", "pv_total", {1476: "002A"}, "pv_power", 4200),
    # hour and minute in two registers
    ("solis_hybrid", "storage_settings", {43143: "0017 001E"}, "timed_charge_start_minute", 30),
    # powers of ten beside the numbers, and numbers that are not there
    ("solaredge", "inverter", {40083: "0C1C FFFF"}, "power_ac", 310.0),
    ("solaredge", "inverter", {40083: "8000 FFFF"}, "power_ac", None),
    ("solaredge", "inverter", {40083: "0C1C 8000"}, "power_ac", None),
    ("solaredge", "battery", {57716: "0000 C3FA"}, "battery_instantaneous_power", -500.0),
    ("solaredge", "export_control", {63234: "459C 4000"}, "export_control_site_limit", 5000.0),
    # 0.4 % to the bit
    ("alphaess_storion", "battery", {0xA00C: "00FA"}, "topbmu_soc_a00c", 100),
]
"""Inverter, channel, what registers hold, the value's key, and the value."""


@pytest.mark.parametrize("reading", READINGS, ids=lambda r: f"{r[0]}-{r[3]}")
def test_reading(registry: Registry, reading: tuple[str, str, dict[int, str], str, Value]) -> None:
    name, channel, words, key, value = reading
    assert read(registry, name, channel, words)[key] == value


@pytest.mark.parametrize(
    ("name", "values", "codes"),
    [
        ("deye_hybrid_3p", {"device_fault": 1 << 63}, {"temperature_is_too_high"}),
        ("deye_hybrid_1p", {"device_alarm": 1 << 1 | 1 << 30}, {"fan_failure", "battery_loss"}),
        ("solis_hybrid", {"grid_fault_status": 6}, {"grid_over_voltage", "grid_under_voltage"}),
        ("sofar_g3_hybrid", {"device_fault_11": 1 << 8}, {"id169_fan_1_failure"}),
        ("sofar_g3_hybrid", {"device_fault_11": 1 << 7}, set()),
    ],
)
def test_bits_of_faults(
    registry: Registry, name: str, values: dict[str, Value], codes: set[str]
) -> None:
    assert {fault.code for fault in raised(part(registry, name).faults, values)} == codes


COMMANDS: list[tuple[str, str, dict[str, Value], str]] = [
    (
        "sungrow_sh",
        "force_battery_power",
        {
            "battery_forced_charge_discharge_cmd_raw": 0xBB,
            "battery_forced_charge_discharge_power": 3000,
        },
        "01 10 32 FA 00 02 04 00 BB 0B B8",
    ),
    ("sungrow_sh", "set_export_power_limit", {"export_power_limit": 0}, "01 06 33 11 00 00"),
    (
        "deye_hybrid_3p",
        "set_grid_max_export_power",
        {"grid_max_export_power": 8000},
        "01 10 00 E7 00 01 02 03 20",
    ),
    (
        "sofar_g3_hybrid",
        "set_passive_power",
        {
            "passive_grid_power": 0,
            "passive_minimum_battery_power": -500,
            "passive_maximum_battery_power": 500,
        },
        "01 10 11 87 00 06 0C 00 00 00 00 FF FF FE 0C 00 00 01 F4",
    ),
    (
        "livoltek_gen2",
        "set_export_limit_power",
        {"export_limit_power": -5},
        "01 10 AA D9 00 02 04 FE 0C FF FF",
    ),
    (
        "livoltek_gen2",
        "set_power_limit",
        {"power_limit_enable": 0xAA, "power_limit_percent": 70},
        "01 10 AA C2 00 02 04 00 AA 02 BC",
    ),
]
"""Inverter, command, values, and the request without its CRC."""


@pytest.mark.parametrize("case", COMMANDS, ids=lambda case: case[1])
def test_request(registry: Registry, case: tuple[str, str, dict[str, Value], str]) -> None:
    name, command, values, text = case
    frame = bytes.fromhex(text)
    sent = compile_layout(part(registry, name).commands[command].writes).encode(values)
    assert sent == frame + crc16(frame).to_bytes(2, "little")


def test_a_limit_that_does_not_fit_is_refused(registry: Registry) -> None:
    writes = part(registry, "sungrow_sh").commands["set_export_power_limit"].writes
    with pytest.raises(EncodeError, match="export_power_limit"):
        compile_layout(writes).encode({"export_power_limit": 70_000})


@pytest.mark.parametrize("name", FAMILIES)
def test_no_role_has_a_sign_that_no_source_states(registry: Registry, name: str) -> None:
    roles = {datapoint.role for datapoint in part(registry, name).datapoints.values()}
    assert "battery.soc" in roles or name == "livoltek_gen2"
    assert not roles & {"battery.power", "grid.power"}


def test_livoltek_tells_its_grid_code(registry: Registry) -> None:
    code = part(registry, "livoltek_gen2").datapoints["grid_standard_code"].enum
    assert code is not None
    assert code.label(1) == "Germany (VDE-AR-N 4105) [230 V 50 Hz]"


@pytest.mark.skipif(not FACTS.is_dir(), reason=f"fact tables are not on this machine: {FACTS}")
@pytest.mark.parametrize(("name", "facts"), FAMILIES.items(), ids=str)
def test_every_register_of_the_facts_is_there(name: str, facts: str) -> None:
    """By address: some keys stand for a register of several, or for a part of one."""

    def addresses(path: Path) -> set[tuple[str, int]]:
        with path.open(encoding="utf-8", newline="") as lines:
            return {
                (row["table"], int(address, 0))
                for row in csv.DictReader(lines)
                for address in (row.get("register_list") or row["address"]).split(";")
            }

    assert addresses(FACTS / f"{facts}.csv") <= addresses(FOLDER / name / "registers.csv")
