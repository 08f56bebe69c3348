"""The Modbus meters: what each family does its own way, and what they have in common."""

import csv
from pathlib import Path

import pytest

from core.host import load
from core.registry import Channel, Part, Registry, part_of
from core.thing_model.layout.framing import Framed, ModbusRtu, crc16
from core.thing_model.layout.layouts import layout_values
from core.thing_model.problems import DecodeError
from core.thing_model.product import Mounted
from plugins import meters

FOLDER = Path(meters.__file__).parent
MODBUS = sorted(path.parent.name for path in FOLDER.glob("*/registers.csv"))
WITHOUT_COUNTERS = {"orno_we514", "saia_ale3", "janitza_umg806"}
"""Meters that count without a direction, or whose registers for it are not agreed on."""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(strict=True)


def part(registry: Registry, name: str) -> Part:
    return part_of(registry.plugins[f"meters.{name}"], "grid_meter", Mounted(f"meters.{name}"), "")


def answer(channel: Channel, words: dict[int, str]) -> bytes:
    """The frame of a channel in which the registers from an address on hold some hex, else zero."""
    layout = channel.decoder.layout
    assert isinstance(layout, Framed)
    assert isinstance(layout.framing, ModbusRtu)
    body = bytearray(layout.layout.sizes[0])
    for address, text in words.items():
        start = 2 * (address - layout.layout.start)
        data = bytes.fromhex(text)
        body[start : start + len(data)] = data
    frame = bytes((1, layout.framing.function, len(body))) + body
    return frame + crc16(frame).to_bytes(2, "little")


READINGS = [
    ("abb_b_series", "energy", 0x5000, "0000 0000 0012 D687", "energy_import", 12345.67),
    ("abb_b_series", "measurements", 0x5B14, "FFFF 3CB0", "power", -500.0),
    ("be_mpm3pm", "measurements", 0, "FFFF FFFF", "energy_total", -0.01),
    ("bg_etech_ds100", "measurements", 0x0400, "0003 8270", "voltage_l1", 230.0),
    ("bg_etech_ws100", "measurements", 0x0104, "FFFF FFFE", "power", -2),
    ("carlo_gavazzi_em24", "measurements", 0x28, "EC78 FFFF", "power", -500.0),
    ("carlo_gavazzi_em24", "energy", 0x42, "86A1 0001", "energy_import", 10000.1),
    ("carlo_gavazzi_em3x0", "energy", 0x34, "86A1 0001", "energy_import", 10000.1),
    ("carlo_gavazzi_em3x0", "measurements", 0x33, "01F4", "frequency", 50.0),
    ("chint_dtsu666", "measurements", 0x2006, "4510 0000", "voltage_l1", 230.4),
    ("chint_dtsu666", "measurements", 0x200C, "457A 0000", "current_l1", 4.0),
    ("chint_dtsu666", "energy", 0x101E, "42F6 E000", "energy_import", 123.4375),
    ("dzg_dvh4013", "energy_export_l3", 0x4160, "0001 86A0", "energy_export_l3", 100.0),
    ("eastron_sdm120", "measurements", 12, "C3FA 0000", "power", -500.0),
    ("eastron_sdm54", "tariffs", 4876, "42F6 E000", "energy_total_t1", 123.4375),
    ("eastron_sdm72", "measurements", 72, "42F6 E000", "energy_import", 123.4375),
    ("finder_7m38", "energy", 2752, "47F1 2000", "energy_import", 123.456),
    ("inepro_pro", "measurements", 0x5012, "BF00 0000", "power", -500.0),
    ("janitza_b_series", "measurements", 19068, "47F1 2000", "energy_import", 123.456),
    ("janitza_umg104", "energy", 9851, "47F1 2000", "energy_import", 123456.0),
    ("lovato_dmg610", "energy", 0x1B1F, "0000 0000 0012 D687", "energy_import", 12345.67),
    ("lovato_dmg610", "measurements", 7, "0000 9C40", "current_l1", 4.0),
    ("orno_we514", "measurements", 0x0131, "5A3C", "voltage", 231.0),
    ("orno_we516", "measurements", 0x001C, "BF00 0000", "power", -500.0),
    ("saia_ale3", "measurements", 35, "00E6", "voltage_l1", 230),
    ("saia_ale3", "measurements", 50, "0032", "power", 0.5),
    ("schneider_iem3000", "measurements", 3059, "BF00 0000", "power", -500.0),
    ("schneider_iem3000", "energy", 3203, "0000 0000 0012 D687", "energy_import", 1234.567),
    ("siemens_pac2200", "energy", 801, "40FE 2400 0000 0000", "energy_import", 123.456),
    ("siemens_pac2200", "measurements", 65, "C3FA 0000", "power", -500.0),
]
"""Meter, channel, register, what it holds, the value's key, and the value: worked out by hand."""


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: f"{reading[0]}-{reading[4]}")
def test_registers_mean(registry, reading):
    name, channel, address, words, key, value = reading
    spoken = part(registry, name).channels[channel]

    assert spoken.all_values(answer(spoken, {address: words}))[key] == pytest.approx(value)


@pytest.mark.parametrize("name", MODBUS)
def test_every_row_of_a_table_is_read_once(registry, name):
    read = [
        key
        for decoder in registry.plugins[f"meters.{name}"].decoders
        for key, _ in layout_values(decoder.layout)
    ]
    with (FOLDER / name / "registers.csv").open(encoding="utf-8", newline="") as lines:
        assert sorted(read) == sorted(row["point"] for row in csv.DictReader(lines))


@pytest.mark.parametrize("name", MODBUS)
def test_no_read_is_longer_than_modbus_allows(registry, name):
    for decoder in registry.plugins[f"meters.{name}"].decoders:
        assert isinstance(decoder.layout, Framed)
        assert max(decoder.layout.layout.sizes) <= 2 * 125


@pytest.mark.parametrize("name", sorted(set(MODBUS) - WITHOUT_COUNTERS))
def test_energy_takes_a_role_from_its_direction(registry, name):
    roles = {d.role: d for d in part(registry, name).datapoints.values() if d.role}

    for role, key in (
        ("meter.energy_imported", "energy_import"),
        ("meter.energy_exported", "energy_export"),
    ):
        assert roles[role].key == key
        assert roles[role].counter == "total"


@pytest.mark.parametrize("name", MODBUS)
def test_power_without_a_known_sign_has_no_role(registry, name):
    for datapoint in part(registry, name).datapoints.values():
        assert datapoint.role != "meter.power" or (datapoint.positive and datapoint.doc)


@pytest.mark.parametrize("name", ["janitza_umg511", "siemens_pac2200", "chint_dtsu666"])
def test_a_float_that_is_not_a_number_is_absent(registry, name):
    spoken = next(iter(part(registry, name).channels.values()))
    start = spoken.decoder.layout.layout.start
    (first, *_) = spoken.codec.keys

    assert spoken.all_values(answer(spoken, {start: "7FC0 0000"}))[first] is None


def test_abb_marks_values_that_it_does_not_have(registry):
    spoken = part(registry, "abb_b_series").channels["measurements"]
    missing = {0x5B02: "FFFF FFFF", 0x5B18: "7FFF FFFF", 0x5B3B: "7FFF", 0x5B2C: "FFFF"}
    values = spoken.all_values(answer(spoken, missing | {0x5B14: "FFFF FFFF"}))

    absent = {key for key, value in values.items() if value is None}
    assert absent == {"voltage_l2", "power_l2", "power_factor_l1", "frequency"}
    assert values["power"] == -0.01


def test_dzg_power_is_import_less_export(registry):
    spoken = part(registry, "dzg_dvh4013").channels["measurements"]

    assert spoken.all_values(answer(spoken, {2: "0000 1388"}))["power"] == -500.0


def test_an_implausible_frequency_is_refused_by_its_name(registry):
    spoken = part(registry, "carlo_gavazzi_em24").channels["measurements"]
    values, refused = spoken.read(answer(spoken, {0x37: "0BB8"}))

    assert [(error.datapoint, error.offset) for error in refused] == [("frequency", 3 + 2 * 0x37)]
    assert dict(zip(spoken.keys, values, strict=True))["frequency"] is None


@pytest.mark.parametrize("name", MODBUS)
def test_the_other_table_of_the_meter_is_refused(registry, name):
    for spoken in part(registry, name).channels.values():
        frame = bytearray(answer(spoken, {}))
        frame[1] = 7 - frame[1]
        frame[-2:] = crc16(bytes(frame[:-2])).to_bytes(2, "little")
        with pytest.raises(DecodeError, match="Modbus function is"):
            spoken.read(bytes(frame))
