"""Batteries of BYD and Pylontech's high-voltage ones: signs, byte orders, groups, faults."""

import csv
import struct
from collections.abc import Mapping

import pytest

from core.host import Host
from core.registry import Part, Registry, System, part_of
from core.thing_model.fault import raised
from core.thing_model.layout.fields import Value
from core.thing_model.layout.framing import crc16
from core.thing_model.problems import DecodeError
from core.thing_model.product import Mounted, ProductModel
from core.vectors import captures_folder
from plugins.batteries import byd_battery_box, pylontech_force_h, pylontech_hv_can

MODULES = {
    "byd_battery_box": byd_battery_box,
    "pylontech_force_h": pylontech_force_h,
    "pylontech_hv_can": pylontech_hv_can,
}
MODELS = {
    "byd_battery_box": "batteries.byd_battery_box.hvs",
    "pylontech_force_h": "batteries.pylontech_force_h",
    "pylontech_hv_can": "batteries.pylontech_hv_can",
}
EXTENDED = 0x8000_0000
FACTS = captures_folder().parent / "facts"

needs_facts = pytest.mark.skipif(
    not FACTS.is_dir(), reason=f"fact tables are not on this machine: {FACTS}"
)


@pytest.fixture(scope="module")
def registry() -> Registry:
    host = Host(strict=True)
    for name, module in MODULES.items():
        host.register(f"batteries.{name}", module, "built in")
    return host.registry()


def battery(registry: Registry, name: str) -> Part:
    return part_of(registry.plugins[f"batteries.{name}"], "battery1", Mounted(MODELS[name]))


def house(registry: Registry, name: str, values: Mapping[str, Value]) -> dict[str, float]:
    product = ProductModel(
        id=name.replace("_", "-"),
        name="A battery alone",
        version="1.0.0",
        batteries=(Mounted(MODELS[name]),),
    )
    system: System = registry.system(product)
    return system.house({("battery1", key): value for key, value in values.items()})


def read(part: Part, channel: str, data: bytes) -> dict[str, Value]:
    """All values of a frame, none of which is implausible."""
    values, refused = part.channels[channel].read(data)
    assert refused == ()
    return dict(zip(part.channels[channel].keys, values, strict=True))


def can(frames: Mapping[int, str]) -> bytes:
    records = ((tag, bytes.fromhex(text)) for tag, text in frames.items())
    return b"".join(
        struct.pack("<IB3x8s", tag | (EXTENDED if tag > 0x7FF else 0), len(data), data)
        for tag, data in records
    )


def frame(body: bytes) -> bytes:
    data = bytes((1, 3, len(body))) + body
    return data + crc16(data).to_bytes(2, "little")


# --- Pylontech, high voltage, CAN -----------------------------------------------------------------


@pytest.mark.parametrize("group", [0, 1, 15])
def test_any_group_of_pylontech_is_heard(registry: Registry, group: int) -> None:
    data = can(
        {0x4210 + group: "A5 09 30 75 9D 04 2E 64", 0x7320 + group: "4B 00 05 0F 2D 00 56 00"}
    )
    values = read(battery(registry, "pylontech_hv_can"), "can", data)
    assert (values["battery_voltage"], values["battery_current"]) == (246.9, 0)
    assert (values["bms_temperature"], values["soc"], values["soh"]) == (18.1, 46, 100)
    assert (values["cell_count"], values["module_count"]) == (75, 5)


def test_requests_of_the_inverter_are_no_values(registry: Registry) -> None:
    with pytest.raises(DecodeError, match="none of the declared records"):
        read(battery(registry, "pylontech_hv_can"), "can", can({0x4200: "02 00 00 00 00 00 00 00"}))


PLUS_10_A, MINUS_10_A = "94 75", "CC 74"


@pytest.mark.parametrize(
    ("current", "status", "direction"),
    [
        (PLUS_10_A, "01", 1),
        (MINUS_10_A, "01", 1),
        (PLUS_10_A, "02", -1),
        (MINUS_10_A, "0A", -1),
        (PLUS_10_A, "03", 0),
        (PLUS_10_A, "18", 0),
    ],
    ids=["charge", "charge, other sign", "discharge", "discharge, forced", "idle", "sleep"],
)
def test_status_tells_the_direction_of_the_power(
    registry: Registry, current: str, status: str, direction: int
) -> None:
    data = can({0x4210: f"B0 0E {current} B6 04 40 63", 0x4250: status})
    values = read(battery(registry, "pylontech_hv_can"), "can", data)
    assert abs(float(str(values["battery_current"]))) == 10
    assert house(registry, "pylontech_hv_can", values)["battery.power"] == direction * 3760


def test_power_is_absent_without_a_known_status(registry: Registry) -> None:
    part = battery(registry, "pylontech_hv_can")
    said = {0x4210: "B0 0E 94 75 B6 04 40 63"}
    assert read(part, "can", can(said))["battery_power"] is None
    assert read(part, "can", can({**said, 0x4250: "05"}))["battery_power"] is None


# --- BYD ------------------------------------------------------------------------------------------


def bmu(count: int = 21, **registers: int) -> bytes:
    """Registers from 0x0500, zero but for those named `at_<hex address>`."""
    body = bytearray(2 * count)
    for place, number in registers.items():
        struct.pack_into(">H", body, 2 * (int(place.removeprefix("at_"), 16) - 0x500), number)
    return frame(bytes(body))


def test_byd_is_big_endian_on_can(registry: Registry) -> None:
    data = can({0x1D0: "10 36 FF 6A 00 D2", 0x150: "19 64 26 DE 01 0E 02 00"})
    values = read(battery(registry, "byd_battery_box"), "can", data)
    assert (values["battery_voltage"], values["can_battery_current"]) == (415, -15)
    assert (values["average_temperature"], values["soc"], values["soh"]) == (21, 65, 99.5)
    assert (values["remaining_capacity"], values["full_capacity"]) == (27, 51.2)


def test_byd_current_on_can_tells_no_direction(registry: Registry) -> None:
    part = battery(registry, "byd_battery_box")
    assert part.datapoints["can_battery_current"].positive is None
    assert "can_battery_current" not in part.datapoints["battery_power"].of


def test_byd_power_counts_charging_as_plus_in_the_house(registry: Registry) -> None:
    part = battery(registry, "byd_battery_box")
    values = read(part, "bmu", bmu(at_504=100, at_510=40_000))
    assert (values["battery_current"], values["battery_power"]) == (10, 4000)
    assert house(registry, "byd_battery_box", values)["battery.power"] == -4000


@pytest.mark.parametrize("count", [21, 25])
def test_byd_counters_have_the_low_word_first(registry: Registry, count: int) -> None:
    part = battery(registry, "byd_battery_box")
    values = read(part, "bmu", bmu(count, at_511=0x86A1, at_512=1, at_513=7))
    assert (values["charge_energy_total"], values["discharge_energy_total"]) == (10_000.1, 0.7)


def test_byd_answer_of_another_length_is_refused(registry: Registry) -> None:
    with pytest.raises(DecodeError, match="expected"):
        read(battery(registry, "byd_battery_box"), "bmu", bmu(22))


def test_byd_implausible_state_of_charge_does_not_hide_the_rest(registry: Registry) -> None:
    channel = battery(registry, "byd_battery_box").channels["bmu"]
    values, refused = channel.read(bmu(at_500=101, at_505=41_500))
    known = dict(zip(channel.keys, values, strict=True))
    assert (known["soc"], known["battery_voltage"]) == (None, 415)
    assert [error.datapoint for error in refused] == ["soc"]


def test_byd_faults_of_stack_and_tower_are_told_apart(registry: Registry) -> None:
    part = battery(registry, "byd_battery_box")
    values = {"errors": 1 << 8, "tower_warnings_1": 1, "tower_warnings_3": 1 << 5}
    found = raised(part.faults, {**values, "tower_errors": 1 << 1})
    assert {(fault.code, fault.severity) for fault in found} == {
        ("battery_overvoltage", "critical"),
        ("tower_warning_battery_overvoltage", "warning"),
        ("tower_warning_3_temperature_sensor_failure", "warning"),
        ("tower_error_temperature_sensor_failure", "critical"),
    }


def test_byd_modules_are_rated_as_listed(registry: Registry) -> None:
    component = battery(registry, "byd_battery_box").component
    assert component is not None
    ratings = {rating.name: (rating.value, rating.confidence) for rating in component.ratings}
    assert ratings["module_capacity"] == (2.56, "C")


# --- Pylontech Force H, Modbus --------------------------------------------------------------------


def test_force_h_firmware_is_two_bytes(registry: Registry) -> None:
    body = b"PYLON\0".ljust(10, b"\0") + b"Force-H2".ljust(10, b"\0") + b"\x01\x06"
    values = read(battery(registry, "pylontech_force_h"), "identity", frame(body))
    assert (values["device_name"], values["firmware"]) == ("Force-H2", "1.6")


def test_force_h_does_not_guess_the_direction_of_its_current(registry: Registry) -> None:
    part = battery(registry, "pylontech_force_h")
    assert part.datapoints["battery_current"].positive is None
    assert "battery.power" not in {d.role for d in part.datapoints.values()}


# --- what is published ----------------------------------------------------------------------------

OTHERWISE = {"byd_battery_box": {"battery_current": "can_battery_current"}}
"""Signals on CAN whose key is taken by another meaning of the same name on Modbus."""


def points(table: str, column: str = "", name: str = "") -> set[str]:
    with (FACTS / table).open(encoding="utf-8", newline="") as lines:
        return {r["point"] for r in csv.DictReader(lines) if not column or r[column] == name}


@needs_facts
@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("byd_battery_box", "registers/byd_battery_box.csv"),
        ("pylontech_force_h", "registers/pylontech_force_h_modbus.csv"),
        ("byd_battery_box", "byd_hv_can"),
        ("pylontech_hv_can", "pylontech_hv_can"),
    ],
)
def test_every_row_of_the_facts_is_decoded(registry: Registry, name: str, table: str) -> None:
    on_can = not table.endswith(".csv")
    found = points("can/battery_can_frames.csv", "protocol", table) if on_can else points(table)
    renamed = OTHERWISE.get(name, {}) if on_can else {}
    channels = battery(registry, name).channels
    decoded = {
        key for c in channels.values() if on_can == (c.name == "can") for key in c.codec.keys
    }
    assert found
    assert {renamed.get(point, point) for point in found} <= decoded
