"""go-e Charger: keys and registers side by side, an array taken apart, errors, commands."""

import json
import struct
from typing import Any

import pytest

from core.host import Host
from core.registry import Registry, System
from core.thing_model.fault import raised
from core.thing_model.layout.fields import Value
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.problems import DecodeError
from plugins.chargers import goe_v3

NAME = "chargers.goe_v3"


@pytest.fixture(scope="module")
def registry() -> Registry:
    host = Host(strict=True)
    host.register(NAME, goe_v3, "built in")
    return host.registry()


@pytest.fixture(scope="module")
def system(registry: Registry) -> System:
    product = registry.product_of_sn("GOE226305")
    assert product is not None
    return registry.system(product, "60.4")


def read(system: System, channel: str, data: bytes) -> dict[str, Value]:
    found = system.parts["charger1"].channels[channel]
    values, refused = found.read(data)
    assert refused == ()
    return {k: v for k, v in zip(found.keys, values, strict=True) if v is not None}


def status(system: System, document: Any) -> dict[str, Value]:
    return read(system, "status", json.dumps(document).encode())


def answer(function: int, *registers: int) -> bytes:
    body = struct.pack(f">{len(registers)}H", *registers)
    return struct.pack(">HHHBBB", 1, 0, len(body) + 3, 1, function, len(body)) + body


def test_the_array_nrg_is_taken_apart(system: System) -> None:
    values = status(system, {"nrg": [231.5, 232, 233, 0, 1, 2, 3, 10, 20, 30, 0, 60, 99, 98, 97]})
    assert [values[f"nrg_{key}"] for key in ("u_l1", "i_l3", "p_l2", "p_total", "pf_l3")] == [
        231.5, 3, 20, 60, 97,
    ]  # fmt: skip
    assert "nrg_pf_n" not in values


def test_power_and_energy_come_from_keys_or_registers(system: System) -> None:
    by_keys = status(system, {"nrg": [0] * 11 + [7200], "eto": 1_234_500})
    words = [0] * 30
    words[20:22], words[28:30] = [0x000A, 0xFC80], [0, 12345]
    by_registers = read(system, "input_100", answer(4, *words))
    for values in (by_keys, by_registers):
        latest = {("charger1", key): value for key, value in values.items()}
        assert system.house(latest) == {"charger.power": 7200, "charger.energy": 1234.5}


def test_null_is_absent(system: System) -> None:
    assert status(system, {"car": None, "dwo": None, "amp": 16}) == {"amp": 16}


def test_an_endless_energy_limit_is_none(system: System) -> None:
    endless = struct.unpack(">4H", struct.pack(">d", float("inf")))
    values = read(system, "holding_332", answer(3, 2, *endless, 1))
    assert values == {"phase_switch_mode": 2, "force_state": 1}


@pytest.mark.parametrize(
    ("firmware", "keys", "commands"),
    [
        ("", None, {"set_charging_current"}),
        ("55.5", {"phase_switch_mode", "energy_limit"}, {"set_phase_switch_mode"}),
        ("55.6", {"phase_switch_mode", "energy_limit", "force_state"}, {"set_force_state"}),
    ],
)
def test_newer_registers_are_there_from_the_firmware_that_has_them(
    registry: Registry, firmware: str, keys: set[str] | None, commands: set[str]
) -> None:
    product = registry.product_of_sn("GOE226305")
    assert product is not None
    part = registry.system(product, firmware).parts["charger1"]
    channel = part.channels.get("holding_332")
    assert (channel and set(channel.keys)) == keys
    assert commands <= part.commands.keys()
    assert ("set_force_state" in part.commands) is (firmware == "55.6")


def test_an_error_is_one_fault_with_the_number_of_the_vendor(system: System) -> None:
    part = system.parts["charger1"]
    assert raised(part.faults, status(system, {"err": 0})) == ()
    (fault,) = raised(part.faults, status(system, {"err": 8}))
    assert (fault.code, fault.number, fault.severity) == ("gnd_invalid", "8", "critical")


def test_reasons_have_names(system: System) -> None:
    enum = system.parts["charger1"].datapoints["modelStatus"].enum
    assert enum is not None
    assert enum.label(12) == "Charging because PV surplus"
    assert enum.label(21) is None


def test_firmware_is_one_datapoint_on_two_channels(system: System) -> None:
    words = [0] * 30
    words[5:7] = [0x3036, 0x3000]
    assert read(system, "input_100", answer(4, *words))["fwv"] == "060"
    assert status(system, {"fwv": "60.4"}) == {"fwv": "60.4"}


def test_the_current_is_set_without_wear_and_within_limits(system: System) -> None:
    command = system.parts["charger1"].commands["set_charging_current"]
    sent = compile_layout(command.writes).encode({"ampere_volatile": 10})
    assert sent == bytes.fromhex("0001 0000 0009 01 10 012b 0001 02 000a")
    assert command.limits == {"ampere_volatile": (6, 32)}
    assert command.reads_back == ("ampere_volatile", "amp")


def test_the_charger_may_refuse_a_read(system: System) -> None:
    with pytest.raises(DecodeError, match="illegal data address"):
        read(system, "holding_332", bytes.fromhex("0001 0000 0003 01 83 02"))
