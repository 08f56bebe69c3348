"""Eastron SDM630: floats in pairs of input registers, and what a grid meter makes of them."""

import struct

import pytest

from core.host import Host
from core.registry import Part, part_of
from core.thing_model.layout.binary import Binary
from core.thing_model.layout.fields import Value
from core.thing_model.layout.framing import Framed, crc16
from core.thing_model.problems import DecodeError
from core.thing_model.product import Mounted
from plugins.batteries import pylontech_lv_can
from plugins.inverters import sunspec
from plugins.meters import eastron_sdm630

NAME = "meters.eastron_sdm630"


@pytest.fixture(scope="module")
def meter() -> Part:
    host = Host(strict=True)
    host.register(NAME, eastron_sdm630, "built in")
    return part_of(host.plugins[NAME], "grid_meter", Mounted(NAME))


def answer(count: int, values: dict[int, float]) -> bytes:
    """An answer of `count` registers with floats at some of them, counted from the first."""
    body = bytearray(2 * count)
    for register, value in values.items():
        struct.pack_into(">f", body, 2 * register, value)
    frame = bytes((1, 4, len(body))) + bytes(body)
    return frame + crc16(frame).to_bytes(2, "little")


def read(meter: Part, channel: str, data: bytes) -> dict[str, Value]:
    values, refused = meter.channels[channel].read(data)
    assert [error.datapoint for error in refused if error.datapoint != "frequency"] == []
    return dict(zip(meter.channels[channel].keys, values, strict=True))


def test_no_read_is_longer_than_the_meter_allows(meter: Part) -> None:
    for channel in meter.channels.values():
        assert isinstance(channel.decoder.layout, Framed)
        assert isinstance(channel.decoder.layout.layout, Binary)
        assert max(channel.decoder.layout.layout.sizes) <= 2 * 80


def test_export_is_negative(meter: Part) -> None:
    values = read(meter, "measurements", answer(80, {52: -1234.5, 70: 50.0, 74: 12.5}))
    assert values["power"] == -1234.5
    assert meter.datapoints["power"].positive == "importing"
    assert values["energy_export"] == 12.5


def test_not_a_number_is_absent(meter: Part) -> None:
    values = read(meter, "measurements", answer(80, {0: float("nan"), 2: 230.5, 70: 50.0}))
    assert (values["voltage_l1"], values["voltage_l2"]) == (None, 230.5)


def test_a_frequency_that_cannot_be_is_refused(meter: Part) -> None:
    _, refused = meter.channels["measurements"].read(answer(80, {70: 39.9}))
    assert [(error.datapoint, error.offset) for error in refused] == [("frequency", 143)]


def test_a_shorter_answer_is_not_taken_for_another_channel(meter: Part) -> None:
    with pytest.raises(DecodeError, match="expected 160"):
        read(meter, "measurements", answer(40, {}))


def test_in_a_mixed_system_the_meter_is_the_grid() -> None:
    host = Host(strict=True)
    host.register(NAME, eastron_sdm630, "built in")
    host.register("batteries.pylontech_lv_can", pylontech_lv_can, "built in")
    host.register("inverters.sunspec", sunspec, "built in")
    registry = host.registry()
    product = registry.product("sunspec-pylontech")
    assert product is not None
    system = registry.system(product)
    assert list(system.parts) == ["inverter", "battery1", "grid_meter"]
    latest: dict[tuple[str, str], Value] = {
        ("inverter", "DCW"): 3000.0,
        ("battery1", "battery_power"): 1000.0,
        ("grid_meter", "power"): -500.0,
    }
    assert system.house(latest) == {
        "pv.power": 3000,
        "battery.power": 1000,
        "grid.power": -500,
        "load.power": 1500,
    }
