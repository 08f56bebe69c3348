"""Huawei, Victron and Growatt: what each does its own way, worked out by hand."""

import csv
from pathlib import Path

import pytest

from core.host import Host
from core.registry import Part, Registry, part_of
from core.thing_model.fault import raised
from core.thing_model.layout.binary import Binary
from core.thing_model.layout.fields import Value
from core.thing_model.layout.framing import Framed, crc16
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.problems import DecodeError
from core.thing_model.product import Mounted
from core.vectors import captures_folder
from plugins.chargers import huawei_scharger
from plugins.inverters import growatt, huawei_emma, huawei_sun2000, victron_gx

FACTS = captures_folder().parent / "facts/registers"
MODULES = {
    "inverters.growatt": growatt,
    "inverters.huawei_emma": huawei_emma,
    "inverters.huawei_sun2000": huawei_sun2000,
    "chargers.huawei_scharger": huawei_scharger,
    "inverters.victron_gx": victron_gx,
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    host = Host(strict=True)
    for name, module in MODULES.items():
        host.register(name, module, "built in")
    return host.registry()


def part(registry: Registry, name: str, variant: str = "") -> Part:
    model = ".".join(filter(None, (name, variant)))
    slot = "charger" if name.startswith("chargers") else "inverter"
    return part_of(registry.plugins[name], slot, Mounted(model), "")


def read(part: Part, channel: str, words: dict[int, str]) -> dict[str, Value]:
    """What a channel says where the registers from an address on hold some hex, else zero."""
    found = part.channels[channel]
    layout = found.decoder.layout
    assert isinstance(layout, Framed)
    assert isinstance(layout.layout, Binary)
    body = bytearray(max(layout.layout.sizes))
    for address, text in words.items():
        data, start = bytes.fromhex(text), 2 * (address - layout.layout.start)
        body[start : start + len(data)] = data
    values, _ = found.read(layout.framing.wrap(bytes(body)))
    return dict(zip(found.keys, values, strict=True))


CONSUMED = "system_dc_battery_consumed_amphours"
CONSUMPTION = "system_ac_consumption_total"
XH_BATTERY = "xh_battery_power"
SOC_LIMIT = "settings_settings_cgwacs_battery_life_minimum_soc_limit"

READINGS: list[tuple[str, str, str, dict[int, str], str, Value]] = [
    # the high word comes first; the highest number of a type is no value
    ("inverters.huawei_sun2000", "", "running", {32064: "0001 86A1"}, "input_power", 100_001),
    ("inverters.huawei_sun2000", "", "running", {32064: "7FFF FFFF"}, "input_power", None),
    ("inverters.huawei_sun2000", "", "running", {32064: "FFFF FFFF"}, "input_power", -1),
    ("inverters.huawei_sun2000", "", "ratings", {30071: "FFFF"}, "nb_pv_strings", None),
    # one address, two meanings
    ("inverters.huawei_sun2000", "", "single_phase", {32066: "0901"}, "grid_voltage", 230.5),
    (
        "inverters.huawei_emma",
        "",
        "meter",
        {30502: "0000 59D8"},
        "emma_external_meter_phase_a_voltage",
        230.0,
    ),
    (
        "chargers.huawei_scharger",
        "",
        "running",
        {30502: "0000 08FC"},
        "charger_phase_b_voltage_sensor",
        230.0,
    ),
    # a scale that turns the sign; sums of places and phases
    ("inverters.victron_gx", "", "system_840", {845: "0064"}, CONSUMED, -10.0),
    ("inverters.victron_gx", "", "system_868", {888: "0000 0064"}, "system_ac_pv_total", 100),
    ("inverters.victron_gx", "", "system_868", {902: "0000 0064"}, CONSUMPTION, 100),
    # texts of two characters a register; power into the battery
    ("inverters.growatt", "", "holding_125", {209: "4142 4331"}, "new_serial_number", "ABC1"),
    ("inverters.growatt", "tl_xh", "xh_input_3125", {3180: "0000 0064"}, XH_BATTERY, 10.0),
    ("inverters.growatt", "tl_xh", "xh_input_3125", {3178: "0000 0064"}, XH_BATTERY, -10.0),
]
"""Plugin, variant, channel, what registers hold, the value's key, and the value."""


@pytest.mark.parametrize("reading", READINGS, ids=lambda r: f"{r[0]}-{r[4]}")
def test_reading(
    registry: Registry, reading: tuple[str, str, str, dict[int, str], str, Value]
) -> None:
    name, variant, channel, words, key, value = reading
    assert read(part(registry, name, variant), channel, words)[key] == value


FAULTS: list[tuple[str, dict[str, Value], set[str]]] = [
    ("inverters.huawei_sun2000", {"alarm_1": 1 << 7}, {"grid_loss"}),
    ("inverters.victron_gx", {"vebus_alarms_overload": 2}, {"vebus_alarms_overload_2"}),
    ("inverters.victron_gx", {"battery_diagnostics_last_errors_1_error": 2}, set()),
    ("inverters.growatt", {"inverter_status": 3}, {"inverter_fault"}),
    ("inverters.growatt", {"inverter_status": 1}, set()),
]
"""Plugin, values, and the codes of the faults that they raise."""


@pytest.mark.parametrize(("name", "values", "codes"), FAULTS)
def test_faults(registry: Registry, name: str, values: dict[str, Value], codes: set[str]) -> None:
    assert {fault.code for fault in raised(part(registry, name).faults, values)} == codes


def test_a_limit_is_sent_with_its_mode(registry: Registry) -> None:
    command = part(registry, "inverters.huawei_sun2000").commands["set_feed_in_limit"]
    values = {**command.constants, "maximum_feed_grid_power_watt": 5000}
    frame = bytes.fromhex("01 10 B9 37 00 03 06 00 06 00 00 13 88")
    sent = compile_layout(command.writes).encode(values)
    assert sent == frame + crc16(frame).to_bytes(2, "little")


def test_victron_commands_go_by_tcp_to_the_system(registry: Registry) -> None:
    writes = part(registry, "inverters.victron_gx").commands["set_minimum_soc"].writes
    sent = compile_layout(writes).encode({SOC_LIMIT: 20})
    assert sent == bytes.fromhex("0001 0000 0006 64 06 0B55 00C8")


def test_an_answer_of_another_protocol_is_refused(registry: Registry) -> None:
    channel = part(registry, "inverters.victron_gx").channels["system_855"]
    with pytest.raises(DecodeError, match="protocol"):
        channel.read(bytes.fromhex("0001 0001 0005 64 03 02 0000"))


def test_groups_have_their_own_channels(registry: Registry) -> None:
    base = part(registry, "inverters.growatt").channels
    storage = part(registry, "inverters.growatt", "storage").channels
    assert "input_0" in base.keys() & storage.keys()
    assert "storage_input_1000" in storage.keys() - base.keys()


LEFT_OUT = {
    "huawei_sun2000_luna2000": {("", "40200"), ("", "40201")},
    "victron_gx": {
        ("system", "830"),
        ("system", "834"),
        ("solarcharger", "777"),
        ("genset", "3214"),
        ("dcgenset", "5202"),
    },
    "growatt_rtu_v124": set[tuple[str, str]](),
}
"""Fact table: rows that no plugin has, for the reasons in their docstrings."""
PLUGINS = {
    "huawei_sun2000_luna2000": (huawei_sun2000, huawei_emma, huawei_scharger),
    "victron_gx": (victron_gx,),
    "growatt_rtu_v124": (growatt,),
}


@pytest.mark.skipif(not FACTS.is_dir(), reason=f"fact tables are not on this machine: {FACTS}")
@pytest.mark.parametrize("facts", PLUGINS)
def test_every_register_of_the_facts_is_there(facts: str) -> None:
    """By address; scopes of one address are told apart by the vectors."""
    ours = {
        row["address"]
        for module in PLUGINS[facts]
        for row in rows(Path(str(module.__file__)).with_name("registers.csv"))
    }
    missing = {
        (row["variant"], row["address"])
        for row in rows(FACTS / f"{facts}.csv")
        if row["address"] not in ours
    }
    assert missing == LEFT_OUT[facts]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
