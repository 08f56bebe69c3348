"""Pylontech on CAN: records in any order, unknown ones among them, and flags as faults."""

import struct

import pytest

from core.host import Host
from core.registry import Part, part_of
from core.thing_model.fault import raised
from core.thing_model.layout.fields import Value
from core.thing_model.problems import DecodeError
from core.thing_model.product import Mounted
from core.thing_model.roles import ROLES, house_sign
from plugins.batteries import pylontech_lv_can

NAME = "batteries.pylontech_lv_can"
STATE = struct.pack("<hhh", 4986, -270, 363)


@pytest.fixture(scope="module")
def battery() -> Part:
    host = Host(strict=True)
    host.register(NAME, pylontech_lv_can, "built in")
    return part_of(host.plugins[NAME], "battery1", Mounted(NAME))


def record(identifier: int, data: bytes) -> bytes:
    return struct.pack("<IB3x8s", identifier, len(data), data)


def read(battery: Part, *records: bytes) -> dict[str, Value]:
    channel = battery.channels["can"]
    values, refused = channel.read(b"".join(records))
    assert refused == ()
    return {k: v for k, v in zip(channel.keys, values, strict=True) if v is not None}


def test_records_may_come_alone_in_any_order_and_among_others(battery: Part) -> None:
    charge = record(0x355, b"\x58\0\x5e\0")
    state, other = record(0x356, STATE), record(0x35F, b"LI\x01\x03\x3c\x02\xaa\0")
    assert read(battery, other, state, charge) == read(battery, charge, state)
    assert read(battery, charge) == {"soc": 88, "soh": 94}


def test_discharging_power_is_negative_in_the_house_too(battery: Part) -> None:
    power = read(battery, record(0x356, STATE))["battery_power"]
    assert power == pytest.approx(49.86 * -27.0)
    assert house_sign(ROLES["battery.power"], battery.datapoints["battery_power"].positive) == 1


def test_requests_are_bits_of_one_byte(battery: Part) -> None:
    flags = read(battery, record(0x35C, b"\xa8\0"))
    assert [flags[key] for key in ("charge_enable", "discharge_enable")] == [1, 0]
    assert [flags[f"charge_immediately_{n}"] for n in (1, 2)] == [1, 0]
    assert flags["full_charge_request"] == 1


def test_the_same_bit_is_a_protection_or_a_warning_as_alarm(battery: Part) -> None:
    frame = record(0x359, b"\x08\0\x80\0\x06PN")
    found = {f.code: f.severity for f in raised(battery.faults, read(battery, frame))}
    assert found == {
        "over_temperature_protection": "protection",
        "discharge_over_current_alarm": "warning",
    }


def test_what_is_not_verified_says_so(battery: Part) -> None:
    assert battery.datapoints["discharge_voltage_limit"].confidence == "unverified"
    doubtful = [f.code for f in battery.faults if f.confidence == "unverified"]
    assert doubtful == ["over_voltage_protection", "over_voltage_alarm"]


def test_a_cut_record_names_the_first_value_that_is_missing(battery: Part) -> None:
    with pytest.raises(DecodeError) as error:
        read(battery, record(0x355, b"\x58\0\x5e\0"), record(0x356, STATE[:4]))
    assert (error.value.datapoint, error.value.offset) == ("battery_temperature", 28)


def test_an_impossible_charge_is_refused_and_the_rest_is_read(battery: Part) -> None:
    channel = battery.channels["can"]
    values, refused = channel.read(record(0x355, b"\x65\0\x5e\0"))
    assert [error.datapoint for error in refused] == ["soc"]
    assert dict(zip(channel.keys, values, strict=True))["soh"] == 94
