"""AlphaESS SMILE: what real systems said, and what the products make of it."""

import csv
import importlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.host import Host
from core.registry import Part, Registry, System
from core.thing_model.layout.documents import JsonObject
from core.thing_model.layout.fields import Value
from core.thing_model.layout.framing import crc16
from core.thing_model.layout.layouts import compile_layout, layout_fields
from core.thing_model.logs import read_line

FACTS = Path(__file__).parents[3] / "shared" / "facts"
PLUGINS = (
    "inverters.alphaess_smile",
    "batteries.alphaess_smile_packs",
    "meters.acrel_acr10r",
    "wifi.alphaess_aew2",
    "functions.alphaess",
    "grid_specs.vde_ar_n_4105",
    "grid_specs.as_nzs_4777_2",
)

NIGHT = {
    "Ppv1": "0",
    "Ppv2": "0",
    "PrealL1": "220",
    "PmeterL1": "31",
    "PmeterL2": "0",
    "PmeterL3": "0",
    "PmeterDC": "0",
    "Pbat": "333.6600",
    "SOC": "93.6",
}
"""Captured from a SMILE5 in Australia on 2021-03-24 at 20:59."""


def facts(path: str) -> list[dict[str, str]]:
    if not FACTS.is_dir():
        pytest.skip(f"the fact tables are not at {FACTS}")
    with (FACTS / path).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def registry() -> Registry:
    host = Host(strict=True)
    for name in PLUGINS:
        host.register(name, importlib.import_module(f"plugins.{name}"), "built in")
    return host.registry()


def system_of(registry: Registry, product: str) -> System:
    model = registry.product(product)
    assert model is not None
    return registry.system(model)


@pytest.fixture
def smile5(registry: Registry) -> System:
    return system_of(registry, "smile5")


def answer(registers: int, **raws: tuple[int, str, int]) -> bytes:
    """A read answer of zeros but for (register in the block, struct code, raw number)."""
    body = bytearray(2 * registers)
    for at, code, raw in raws.values():
        struct.pack_into(f">{code}", body, 2 * at, raw)
    frame = bytes((0x55, 3, len(body))) + bytes(body)
    return frame + crc16(frame).to_bytes(2, "little")


def read(system: System, channel: str, data: bytes) -> dict[str, Value]:
    found = system.parts["inverter"].channels[channel]
    values, _ = found.read(data)
    return dict(zip(found.keys, values, strict=True))


def latest(*readings: Mapping[str, Value]) -> dict[tuple[str, str], Value]:
    return {("inverter", key): value for read in readings for key, value in read.items()}


def test_house_at_night_from_the_telemetry(smile5: System) -> None:
    house = smile5.house(latest(read(smile5, "ems_json", json.dumps(NIGHT).encode())))
    assert house["battery.power"] == -333.66  # discharging, whatever the device's own sign
    assert house["grid.power"] == 31
    assert house["pv.power"] == 0
    assert house["battery.soc"] == 93.6
    assert house["load.power"] == pytest.approx(364.66)


def test_photovoltaics_count_once_whatever_the_channel(smile5: System) -> None:
    telemetry = read(
        smile5, "ems_json", b'{"Ppv1": "1243", "Ppv2": "1228", "PmeterDC": "1071", "SOC": "33.6"}'
    )
    strings = read(smile5, "inverter", answer(65, a=(0x1F, "I", 1243), b=(0x23, "I", 1228)))
    meter = read(smile5, "pv_meter", answer(55, total=(0x21, "i", 1071)))
    for said in (latest(telemetry), latest(strings, meter), latest(telemetry, strings, meter)):
        assert smile5.house(said)["pv.power"] == 1243 + 1228 + 1071


def test_packed_cells_are_the_registers_datapoints(smile5: System) -> None:
    # 0x01040D10 is module 1, cell 4, 3344 mV; 0x01020015 is module 1, sensor 2, 21 degrees
    said = read(smile5, "ems_json", b'{"VcellLow": "17042704", "TcellLow": "16908309"}')
    registers = read(smile5, "battery", answer(73, p=(5, "H", 1), c=(6, "H", 4), v=(7, "H", 3344)))
    for key in (
        "pack_id_of_min_cell_voltage",
        "cell_id_of_min_cell_voltage",
        "battery_min_cell_voltage",
    ):
        assert said[key] == registers[key]
    assert said["battery_min_cell_voltage"] == 3.344
    assert said["cell_id_of_min_cell_temperature"] == 2
    assert said["battery_min_cell_temperature"] == 21


def test_a_short_object_leaves_the_rest_absent(smile5: System) -> None:
    said = read(smile5, "ems_json", json.dumps({**NIGHT, "CSQ": "99,99"}).encode())
    assert said["cellular_signal"] is None
    assert said["battery_min_cell_voltage"] is None
    assert said["grid_power_total"] == 31  # the telemetry has no total of its own


@pytest.mark.parametrize(
    ("product", "volts", "watts"),
    [("smile-b3", 242.1, 1610), ("smile-b3-plus", None, 161), ("smile5", None, 1610)],
)
def test_variants_scale_alike_registers_apart(
    registry: Registry, product: str, volts: float | None, watts: float
) -> None:
    system = system_of(registry, product)
    frame = answer(55, volts=(0x14, "H", 2421), watts=(0x21, "i", 1610))
    channel = system.parts["inverter"].channels["grid_meter"]
    values, refused = channel.read(frame)
    said = dict(zip(channel.keys, values, strict=True))
    assert (said["grid_voltage_l1"], said["grid_power_total"]) == (volts, watts)
    assert [error.datapoint for error in refused] == ([] if volts else ["grid_voltage_l1"])


def test_longer_answers_of_newer_firmware(smile5: System) -> None:
    periods = {"hour": (7, "H", 2), "minute": (15, "h", 30)}
    short = read(smile5, "time_control", answer(11, hour=periods["hour"]))
    long = read(smile5, "time_control", answer(19, **periods))
    assert short["charging_period_1_start_hour"] == long["charging_period_1_start_hour"] == 2
    assert short["charging_period_1_start_minute"] is None
    assert long["charging_period_1_start_minute"] == 30


def test_system_block_spells_out_clock_and_serial_number(smile5: System) -> None:
    clock = {f"c{n}": (n, "H", word) for n, word in enumerate((0x1609, 0x0A07, 0x1B29))}
    serial = {f"s{n}": (3 + n, "H", word) for n, word in enumerate((0x414C, 0x3230, 0x3031))}
    said = read(smile5, "ems", answer(14, **clock, **serial, low=(13, "H", 5)))
    assert said["system_time"] == "2022-09-10T07:27:41"
    assert said["ems_sn"] == "AL2001"
    assert said["ems_version"] == "0.0.5"
    never_set = read(smile5, "ems", answer(14))
    assert (never_set["system_time"], never_set["ems_sn"]) == (None, None)


def test_dispatch_is_one_write_of_nine_registers(smile5: System) -> None:
    command = smile5.parts["inverter"].commands["dispatch"]
    parameters = {
        "dispatch_active_power": -4000,
        "dispatch_reactive_power": 0,
        "dispatch_mode": 2,
        "dispatch_soc": 100,
        "dispatch_time": 3600,
    }
    frame = compile_layout(command.writes).encode({**command.constants, **parameters})
    assert frame[:7] == bytes((0x55, 16, 0x08, 0x80, 0, 9, 18))
    assert struct.unpack(">HIIHHI", frame[7:-2]) == (1, 28_000, 32_000, 2, 250, 3600)


def test_what_cannot_be_undone_is_sent_once(smile5: System) -> None:
    commands = smile5.parts["inverter"].commands
    assert {c.name for c in commands.values() if c.risk == "irreversible"} == {
        "factory_reset",
        "reset_energy",
        "reset_meter",
    }
    for command in commands.values():
        if command.risk == "irreversible" or command.name.startswith("restart"):
            assert command.delivery == "at_most_once", command.name


def test_write_only_registers_are_in_no_answer(smile5: System) -> None:
    part = smile5.parts["inverter"]
    written = {key for key, datapoint in part.datapoints.items() if datapoint.access == "wo"}
    assert written == {"ems_do0", "ems_do1", "reset_mode"}
    assert not any(written & set(channel.keys) for channel in part.channels.values())


def test_config_log_is_typed_by_the_datapoints_own_enumeration(smile5: System) -> None:
    part = smile5.parts["inverter"]
    line = "EMS ExtConfig Update: ChargingMode: 0 -> 1;ExistChargingPile: 0 -> 1;..."
    records = read_line(part.log_rules, line)
    assert records is not None
    mode, pile = (part.named(record.name) for record in records)
    assert mode is not None
    assert mode.enum is None  # its numbers have no published meaning
    assert pile is not None
    assert pile.enum is not None
    assert [pile.enum.label(int(n)) for n in (records[1].old, records[1].new)] == ["No", "Yes"]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("SetFeed", "max_feed_in_percent"),
        ("batusecap", "discharge_cutoff_soc"),
        ("ACDC", "system_mode"),
    ],
)
def test_configuration_names_lead_to_datapoints(smile5: System, name: str, key: str) -> None:
    datapoint = smile5.parts["inverter"].named(name)
    assert datapoint is not None
    assert datapoint.key == key


@pytest.mark.parametrize(
    "line",
    [
        "",
        "EMS upgrade started at once",
        "21/03/24 10:01 41;",  # no time of the list's form
        "EMS ExtConfig Update: ChargingMode 0 1;",
    ],
)
def test_other_lines_are_left_alone(smile5: System, line: str) -> None:
    assert read_line(smile5.parts["inverter"].log_rules, line) is None


def test_faults_of_systems_whose_number_begins_with_al(smile5: System) -> None:
    faults = smile5.parts["inverter"].channels["system"].faults
    raised = {f.code for f in faults if f.raised(1 << 14 | 1 << 17)}
    assert raised == {"sdram_error"}  # bit 17 speaks on AE systems only
    assert {f.number for f in faults if f.number} == {
        "BMS Lost Fault",
        "Grid Meter Fault",
        "INV Comms Fault",
    }


@pytest.mark.parametrize(
    ("sn", "product"),
    [("AL2002321050123", "smile-b3-plus"), ("AL7001021060321", "smile-b3"), ("AE2002321", None)],
)
def test_product_of_a_serial_number(registry: Registry, sn: str, product: str | None) -> None:
    found = registry.product_of_sn(sn)
    assert (found.id if found else None) == product


@pytest.mark.parametrize("product", ["smile-b3-plus", "smile-b3", "smile5"])
def test_products_name_what_is_declared(registry: Registry, product: str) -> None:
    model = registry.product(product)
    assert model is not None
    assert set(model.grid_specs) <= registry.grid_specs.keys()
    functions = {f.id: f for f in registry.functions.values()}
    for kind, used in (
        ("hardware", model.hardware_functions),
        ("software", model.software_functions),
    ):
        assert {functions[use.id].kind for use in used} == {kind}
    part = registry.system(model).parts["inverter"]
    for use in (*model.hardware_functions, *model.software_functions):
        assert set(functions[use.id].commands) <= part.commands.keys()
    slots = [slot for slot, _ in model.slots()]
    assert slots == ["inverter", *(f"battery{n}" for n in range(1, 7)), "grid_meter", "wifi"]


def test_every_telemetry_name_of_the_facts_is_read(smile5: System) -> None:
    layout = smile5.parts["inverter"].channels["ems_json"].decoder.layout
    assert isinstance(layout, JsonObject)
    names = {path.lower() for item in layout.fields for path in item.paths}
    told = facts("cloud/alphaess_ems_telemetry_fields.csv")
    assert len(told) == 98
    assert {row["name"].lower() for row in told} == names
    own = {"inverter_work_mode", "system_mode"}  # their numbers mean something else
    points = {row["point"] for row in told if row["point"]} - own
    assert points <= {item.key for item in layout.fields}


def test_every_register_of_the_facts_is_declared(smile5: System) -> None:
    part = smile5.parts["inverter"]
    read = {key for channel in part.channels.values() for key in channel.codec.keys}
    written = {f.key for c in part.commands.values() for f in layout_fields(c.writes)}
    for row in facts("registers/alphaess_smile.csv"):
        datapoint = part.datapoints[row["point"]]
        assert row["point"] in (written if row["access"] == "wo" else read)
        assert (datapoint.unit, datapoint.access) == (row["unit"], row["access"])
        if not row["variant"]:
            assert (datapoint.source, datapoint.confidence) == (row["source"], row["confidence"])


def test_roles_have_one_source_per_slot_and_channel(smile5: System) -> None:
    told = {role: [source.key for source in sources] for role, sources in smile5.roles.items()}
    assert told["battery.power"] == ["battery_power"]
    assert told["grid.power"] == ["grid_power_total"]
    assert told["pv.power"] == ["pv_meter_power_total", "pv_meter_power", "pv_power_total"]
    assert told["battery.soc"] == ["soc_battery", "battery_soc"]


def test_packs_are_heard_through_the_inverter(registry: Registry) -> None:
    pack: Part = system_of(registry, "smile-b3-plus").parts["battery6"]
    assert not pack.channels
    assert pack.component is not None
    ratings = {rating.name: rating.value for rating in pack.component.ratings}
    assert ratings == {"nominal_capacity": 5.04, "usable_capacity": 4.79, "packs_at_most": 6}
