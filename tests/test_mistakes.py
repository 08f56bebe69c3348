"""What cannot be right about a layout is said when a plugin is loaded, not when a frame arrives."""

import pytest

from core.host import Host
from core.thing_model.layout.layouts import Layout, compile_layout, layout_keys
from core.thing_model.layout.mistakes import mistakes
from core.thing_model.problems import ModelError
from tests.conftest import WritePlugin
from thingwright.layout import (
    can_frames,
    i16,
    json_object,
    modbus_rtu,
    number,
    registers,
    repeat,
    text,
    tlv,
    u8,
    u16,
    u32,
)

CELLS = repeat("n", u16("cell{n}", scaled_by="sf"), count="cells", limit=3)
NESTED = repeat("m", u16("m{m}_cells"), repeat("c", u16("m{m}c{c}"), count="m{m}_cells", limit=2),
                count="modules", limit=2)  # fmt: skip

SOUND: tuple[Layout, ...] = (
    registers(0x0100, u16("a"), u32("b", (0x0103, 0x0101)), i16("c", 0x0102), counts=(3, 4)),
    registers(0x0100, i16("power", scaled_by="sf"), i16("sf")),
    registers(0x0100, i16("sf"), u16("cells"), CELLS),
    registers(0x0100, u16("modules"), NESTED),
    modbus_rtu(registers(0, text("serial", 16), u8("minor", byte="low"))),
    can_frames({0x351: (u16("voltage"),), 0x355: (u16("soc"), u16("soh"))}),
    tlv({1: (u8("state"),)}),
    json_object(number("power", "power", "act_power")),
)

WRONG: tuple[tuple[Layout, str, str], ...] = (
    (registers(0, u16("a"), u16("a")), "a", "is laid out 2 times"),
    (modbus_rtu(registers(0, u16("a"), u16("a"))), "a", "is laid out 2 times"),
    (registers(0x0100, u16("a", 0x00FF), counts=2), "a", "lies before the block"),
    (registers(0x0100, u32("a", 0x0101), counts=2), "a", "ends at byte 6, the block after 4 bytes"),
    (registers(0, i16("power", scaled_by="sf")), "power", "scaled by 'sf', which is not in"),
    (registers(0, CELLS, u16("cells"), i16("sf")), "cells", "does not stand before it"),
    (registers(0, u16("cells"), CELLS), "cell{n}", "scaled by 'sf', which is not in"),
    (can_frames({0x355: (u16("soc"), i16("a", scaled_by="sf"))}), "a", "scaled by 'sf'"),
    (can_frames({0x351: (u16("soc"),), 0x355: (u16("soc"),)}), "soc", "is laid out 2 times"),
    (json_object(number("power")), "power", "has no path"),
)


@pytest.mark.parametrize("layout", SOUND)
def test_a_sound_layout_has_no_mistakes(layout: Layout) -> None:
    assert list(mistakes(layout)) == []
    assert compile_layout(layout).keys == layout_keys(layout)


@pytest.mark.parametrize(("layout", "key", "what"), WRONG)
def test_a_mistake_is_named(layout: Layout, key: str, what: str) -> None:
    (found,) = mistakes(layout)
    assert found[0] == key
    assert what in found[1]


def test_a_plugin_with_a_mistaken_layout_is_refused(host: Host, write_plugin: WritePlugin) -> None:
    host.strict = True
    folder = write_plugin(
        "meters.odd",
        "from thingwright import Datapoint, Decoder, hookimpl\n"
        "from thingwright.layout import i16, registers\n"
        "@hookimpl\n"
        "def declare_datapoints():\n"
        "    yield Datapoint('power', 'W')\n"
        "@hookimpl\n"
        "def declare_decoders():\n"
        "    yield Decoder('status', registers(0, i16('power', scaled_by='power_sf')))\n",
    )
    with pytest.raises(ModelError, match="channel status power: is scaled by 'power_sf'"):
        host.load_folder(folder.parents[1], "folder")
