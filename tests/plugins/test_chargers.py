"""The wallboxes: what each family does its own way, and that nothing published is left out."""

import csv
import struct
from collections.abc import Mapping

import pytest

from core.commanding.parameters import Checked, check
from core.host import load
from core.registry import Part, Registry, part_of
from core.thing_model.fault import raised
from core.thing_model.layout.fields import Value
from core.thing_model.layout.framing import crc16
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.problems import DecodeError
from core.thing_model.product import Mounted
from core.vectors import captures_folder

MODBUS = ["abb_terra_ac", "alfen_ng9xx", "heidelberg_energy_control", "keba_p30", "webasto_next"]
FACTS = captures_folder().parent / "facts"

needs_facts = pytest.mark.skipif(not FACTS.is_dir(), reason=f"no fact tables here: {FACTS}")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(strict=True)


def charger(registry: Registry, name: str, variant: str = "") -> Part:
    model = ".".join(filter(None, ("chargers", name, variant)))
    return part_of(registry.plugins[f"chargers.{name}"], "charger1", Mounted(model))


def frame(body: bytes, function: int = 3, unit: int = 1) -> bytes:
    data = bytes((unit, function, len(body))) + body
    return data + crc16(data).to_bytes(2, "little")


def read(part: Part, channel: str, data: bytes) -> dict[str, Value]:
    """All values of a frame, none of which is implausible."""
    values, refused = part.channels[channel].read(data)
    assert refused == ()
    return dict(zip(part.channels[channel].keys, values, strict=True))


def told(part: Part, command: str, **given: Value) -> Checked:
    return check(part, part.commands[command], given)


def codes(part: Part, values: Mapping[str, Value]) -> list[str]:
    return [fault.code for fault in raised(part.faults, values)]


# --- all of them ----------------------------------------------------------------------------------

HOUSE = {
    "TACW2244920T0025": {"charger.power"},
    "KEBA18416854": {"charger.power", "charger.energy"},
    "ALFEN1": {"charger.power", "charger.energy"},
    "HEC1": {"charger.energy"},
    "WEBASTO1": {"charger.power", "charger.energy"},
}


@pytest.mark.parametrize(("sn", "roles"), HOUSE.items(), ids=list(HOUSE))
def test_house_is_told_what_the_charger_measures(
    registry: Registry, sn: str, roles: set[str]
) -> None:
    product = registry.product_of_sn(sn)
    assert product is not None
    assert {role for role in registry.system(product).roles if "charger" in role} == roles


@pytest.mark.parametrize("name", MODBUS)
def test_no_current_that_the_standard_forbids(registry: Registry, name: str) -> None:
    """Between 0 and 6 A there is no signal for a vehicle (IEC 61851-1); pausing is a command."""
    part = charger(registry, name)
    setting = next(c for c in part.commands.values() if c.name.startswith("set_") and c.limits)
    (key,) = setting.limits
    assert told(part, setting.name, **{key: 5}).problems
    assert told(part, setting.name, **{key: 6}).problems == ()


RENAMED = {
    "set_current_limit": "modbus_current_limit",
    "set_failsafe_timeout": "failsafe_timeout",
    "trigger_phase_switch": "phase_switch_state",
}
"""Registers that are only written, under the key of what reads them back."""
TABLES = {name: f"evse_{name}" for name in MODBUS} | {"keba_p30": "evse_keba_p30_modbus"}


@needs_facts
@pytest.mark.parametrize(("name", "table"), TABLES.items(), ids=list(TABLES))
def test_every_register_of_the_facts_is_read_or_written(
    registry: Registry, name: str, table: str
) -> None:
    with (FACTS / "registers" / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        rows = {row["point"]: row["access"] for row in csv.DictReader(lines)}
    part = charger(registry, name)
    said = {key for channel in part.channels.values() for key in channel.codec.keys}
    written = {key for c in part.commands.values() for key in compile_layout(c.writes).keys}
    assert {point for point, access in rows.items() if access != "wo"} <= said
    writable = {RENAMED.get(point, point) for point, access in rows.items() if access != "ro"}
    assert writable <= written


# --- ABB ------------------------------------------------------------------------------------------


def abb_status(**registers: int) -> bytes:
    """37 registers from 0x4000, zero but for 32-bit numbers at `at_<hex address>`."""
    body = bytearray(74)
    for place, number in registers.items():
        struct.pack_into(">I", body, 2 * (int(place.removeprefix("at_"), 16) - 0x4000), number)
    return bytes(body)


def test_abb_serial_and_firmware_are_hexadecimal_digits(registry: Registry) -> None:
    body = bytes.fromhex("5422040049200025 01021300") + abb_status()[12:]
    values = read(charger(registry, "abb_terra_ac"), "status", frame(body))
    assert (values["serial"], values["firmware"]) == ("TACW22-4-4920-T0025", "1.2.13")


@pytest.mark.parametrize(
    ("number", "state", "below"),
    [(0x0400, "state_c2", 0), (0x8400, "state_c2", 1), (0xFFFF01FF, "state_b1", 0)],
)
def test_abb_state_is_seven_bits_of_a_byte(
    registry: Registry, number: int, state: str, below: int
) -> None:
    part = charger(registry, "abb_terra_ac")
    values = read(part, "status", frame(abb_status(at_400C=number)))
    enum = part.datapoints["charging_state"].enum
    assert enum is not None
    assert enum.symbols[int(str(values["charging_state"]))].name == state
    assert values["below_rated_current"] == below


def test_abb_of_older_firmware_answers_fewer_registers(registry: Registry) -> None:
    part = charger(registry, "abb_terra_ac")
    older = read(part, "status", frame(abb_status(at_401C=2760)[:64]))
    assert (older["active_power"], older["modbus_current_limit"]) == (2760, None)
    with pytest.raises(DecodeError, match="expected 64"):
        read(part, "status", frame(abb_status()[:66]))


def test_abb_current_is_written_in_one_place_and_read_back_in_another(registry: Registry) -> None:
    part = charger(registry, "abb_terra_ac")
    checked = told(part, "set_charging_current", modbus_current_limit=16)
    assert checked.frame[:11].hex(" ") == "01 10 41 00 00 02 04 00 00 3e 80"
    assert checked.expected == {"modbus_current_limit": 16}
    heard = read(part, "status", frame(abb_status(at_4022=16_000)))
    assert heard["modbus_current_limit"] == checked.expected["modbus_current_limit"]


def test_abb_starts_with_zero(registry: Registry) -> None:
    part = charger(registry, "abb_terra_ac")
    assert told(part, "start_session").frame[:6].hex(" ") == "01 06 41 05 00 00"
    assert told(part, "stop_session").frame[:6].hex(" ") == "01 06 41 05 00 01"
    assert part.commands["stop_session"].risk == "disruptive"


def test_abb_errors_may_come_together(registry: Registry) -> None:
    part = charger(registry, "abb_terra_ac")
    values = read(part, "status", frame(abb_status(at_4008=0x0082)))
    assert codes(part, values) == ["residual_current", "over_temperature"]


# --- KEBA -----------------------------------------------------------------------------------------


def test_keba_answers_one_value_at_a_time(registry: Registry) -> None:
    part = charger(registry, "keba_p30")
    number = struct.pack(">I", 98_661)
    assert read(part, "active_power", frame(number, unit=255)) == {"active_power": 98.661}
    with pytest.raises(DecodeError, match="expected 4"):
        read(part, "active_power", frame(number * 2, unit=255))


def test_keba_guide_miscounts_its_own_example(registry: Registry) -> None:
    """0x30A0D00 is printed there as 3.10.14."""
    data = frame(struct.pack(">I", 50_990_336), unit=255)
    values = read(charger(registry, "keba_p30"), "firmware", data)
    assert values["firmware_version"] == "3.10.13"


def test_keba_energy_says_that_its_scale_is_doubted(registry: Registry) -> None:
    part = charger(registry, "keba_p30")
    for key in ("total_energy", "session_energy"):
        assert part.plugin.confidence_of(part.datapoints[key]) == "C"
        assert read(part, key, frame(struct.pack(">I", 38_101), unit=255)) == {key: 3.8101}


def test_keba_phases_are_read_where_they_are_not_written(registry: Registry) -> None:
    part = charger(registry, "keba_p30")
    checked = told(part, "switch_phases", phase_switch_state=1)
    assert checked.frame[:6].hex(" ") == "ff 06 13 bc 00 01"
    heard = read(part, "phase_switch_state", frame(struct.pack(">I", 1), unit=255))
    assert heard == checked.expected


# --- Alfen ----------------------------------------------------------------------------------------


def test_alfen_on_one_phase_has_no_other_currents(registry: Registry) -> None:
    body = struct.pack(">fff", 6.5, float("nan"), float("nan"))
    values = read(charger(registry, "alfen_ng9xx"), "currents", frame(body))
    assert values == {"current_l1": 6.5, "current_l2": None, "current_l3": None}


@pytest.mark.parametrize(
    ("state", "expected"),
    [(b"A", []), (b"C2", []), (b"E", ["not_available"]), (b"F", ["not_available"])],
)
def test_alfen_states_that_are_faults(
    registry: Registry, state: bytes, expected: list[str]
) -> None:
    part = charger(registry, "alfen_ng9xx")
    values = read(part, "state", frame(state.ljust(10, b"\0")))
    assert (values["mode3_state"], codes(part, values)) == (state.decode(), expected)


def test_alfen_charges_on_one_phase_or_three(registry: Registry) -> None:
    part = charger(registry, "alfen_ng9xx")
    assert told(part, "set_phases", phases=2).problems
    assert told(part, "set_phases", phases=3).frame[:6].hex(" ") == "01 06 04 bf 00 03"


# --- Heidelberg -----------------------------------------------------------------------------------


def test_heidelberg_knows_apparent_power_only(registry: Registry) -> None:
    part = charger(registry, "heidelberg_energy_control")
    assert part.datapoints["apparent_power"].unit == "VA"
    assert "charger.power" not in {d.role for d in part.datapoints.values()}


def test_heidelberg_measures_frost_by_function_4(registry: Registry) -> None:
    part = charger(registry, "heidelberg_energy_control")
    body = bytearray(30)
    struct.pack_into(">Hh", body, 2, 7, 160)
    struct.pack_into(">h", body, 10, -125)
    values = read(part, "measurements", frame(bytes(body), function=4))
    assert (values["vehicle_status"], values["current_l1"]) == (7, 16.0)
    assert values["pcb_temperature"] == -12.5
    with pytest.raises(DecodeError, match="expected 4"):
        read(part, "measurements", frame(bytes(body)))


def test_heidelberg_locks_with_zero(registry: Registry) -> None:
    part = charger(registry, "heidelberg_energy_control")
    locked = told(part, "lock")
    assert locked.frame[:9].hex(" ") == "01 10 01 03 00 01 02 00 00"
    assert locked.expected == {"remote_lock": 0}


# --- Webasto --------------------------------------------------------------------------------------


def test_webasto_reads_currents_by_another_function(registry: Registry) -> None:
    part = charger(registry, "webasto_next")
    data = struct.pack(">H", 15_980)
    assert read(part, "current_l1", frame(data, 4, 255)) == {"current_l1": 15.98}
    with pytest.raises(DecodeError, match="expected 4"):
        read(part, "current_l1", frame(data, 3, 255))
    fault = read(part, "fault_code", frame(b"\0\x0a", 3, 255))
    assert codes(part, fault) == ["over_temperature"]


# --- AlphaESS -------------------------------------------------------------------------------------


def test_alphaess_charger_is_only_as_known(registry: Registry) -> None:
    for variant in ("", "evcs7"):
        component = charger(registry, "alphaess_evct11", variant).component
        assert component is not None
        assert {rating.confidence for rating in component.ratings} == {"unverified"}


def test_alphaess_status_without_published_meaning_has_no_label(registry: Registry) -> None:
    part = charger(registry, "alphaess_evct11")
    enum = part.datapoints["ev_charger_status"].enum
    assert enum is not None
    assert [enum.label(status) for status in (3, 7, 9)] == ["Charging", None, "Faulted"]


def test_alphaess_refusal_of_a_call_is_no_reading(registry: Registry) -> None:
    part = charger(registry, "alphaess_evct11")
    with pytest.raises(DecodeError, match="none of the 1 declared values"):
        read(part, "status", b'{"code": 6007, "msg": "refused", "data": null}')


def test_alphaess_start_is_never_delivered_twice(registry: Registry) -> None:
    part = charger(registry, "alphaess_evct11")
    start = told(part, "start_charging", serial_number="AL2002", ev_charger_serial="EV123")
    assert start.frame == b'{"sysSn":"AL2002","evchargerSn":"EV123","controlMode":1}'
    assert part.commands["start_charging"].delivery == "at_most_once"
