"""Pylontech on RS485: real answers, groups of batteries and cells, and damaged frames."""

from collections.abc import Callable

import pytest

from core.host import Host
from core.registry import Part, part_of
from core.thing_model.layout.fields import Value
from core.thing_model.problems import DecodeError, EncodeError
from core.thing_model.product import Mounted
from core.vectors import FrameVector, read_vectors
from plugins.batteries import pylontech_rs485
from plugins.batteries.pylontech_rs485.framing import AsciiAnswer, checksum, length

NAME = "batteries.pylontech_rs485"


@pytest.fixture(scope="module")
def battery() -> Part:
    host = Host(strict=True)
    host.register(NAME, pylontech_rs485, "built in")
    return part_of(host.plugins[NAME], "battery1", Mounted(NAME))


@pytest.fixture(scope="module")
def library(battery: Part) -> list[FrameVector]:
    """Three US2000, four US3000, both kinds, one UP2500, its management, system parameters."""
    found = read_vectors(battery.plugin.folder).frames
    return [vector for vector in found if vector.origin == "library"]


def read(battery: Part, channel: str, data: bytes) -> dict[str, Value]:
    values, refused = battery.channels[channel].read(data)
    assert refused == ()
    keys = battery.channels[channel].keys
    return {k: v for k, v in zip(keys, values, strict=True) if v is not None}


# --- section 2.3 of the paper ---------------------------------------------------------------------


def test_length_has_its_own_checksum() -> None:
    assert length(18) == 0xD012
    assert length(0) == 0


def test_checksum_counts_characters() -> None:
    assert checksum(b"20024642E00202") == 0xFD33  # the request in the example of section 4


def test_wrapping_is_the_inverse_of_unwrapping() -> None:
    frame = AsciiAnswer(address=5).wrap(b"\x11\xab")
    assert frame == b"~20054600C00411AB" + b"%04X\r" % checksum(b"20054600C00411AB")
    assert AsciiAnswer().unwrap(frame) == b"\x11\xab"


def test_more_than_length_can_say_cannot_be_wrapped() -> None:
    assert len(AsciiAnswer().wrap(bytes(2047))) == 18 + 4094
    with pytest.raises(EncodeError, match="4096 digits"):
        AsciiAnswer().wrap(bytes(2048))


# --- what real batteries say ----------------------------------------------------------------------


def test_real_answers_are_written_back_byte_for_byte(
    battery: Part, library: list[FrameVector]
) -> None:
    for vector in library:
        codec = battery.channels[vector.channel].codec
        values = dict(zip(codec.keys, codec.decode(vector.data), strict=True))
        assert codec.encode(values) == vector.data


def test_power_of_a_group_is_what_the_library_adds_up(
    battery: Part, library: list[FrameVector]
) -> None:
    three, four, mixed = (read(battery, "values", vector.data) for vector in library[:3])
    assert three["group_power"] == pytest.approx(-386.2778)
    assert four["group_power"] == pytest.approx(-1041.3981)
    assert mixed["group_soc"] == pytest.approx(46.0161, abs=1e-4)


def test_large_and_small_batteries_say_their_capacity_in_other_places(
    battery: Part, library: list[FrameVector]
) -> None:
    mixed = read(battery, "values", library[2].data)
    assert "module1_remaining_capacity_1" not in mixed
    assert mixed["module1_remaining_capacity"] == 32.56
    assert mixed["module2_total_capacity"] == 50


def test_batteries_that_are_not_there_are_absent(battery: Part, library: list[FrameVector]) -> None:
    three = read(battery, "values", library[0].data)
    assert three["module3_cell15_voltage"] == 3.302
    assert not [key for key in three if key.startswith(("module4", "module1_cell16"))]


def test_charging_is_positive(battery: Part) -> None:
    assert battery.datapoints["module1_current"].positive == "charging"
    roles = {d.key: d.role for d in battery.datapoints.values() if d.role}
    assert roles == {
        "group_power": "battery.power",
        "group_soc": "battery.soc",
        "power": "battery.power",
        "soc": "battery.soc",
    }


def test_a_value_lies_at_two_digits_per_byte(battery: Part, library: list[FrameVector]) -> None:
    data = library[4].data
    start, end = battery.channels["management_info"].codec.trace(data)["status"].spans[0]
    assert data[start:end] == b"C0"


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda frame: frame.replace(b"0CE7", b"0CE6", 1), "CHKSUM"),
        (lambda frame: frame[:-1], "from ~ to a carriage return"),
        (lambda frame: frame[:40] + b"x" + frame[41:], "CHKSUM"),
        (lambda frame: summed(frame.replace(b"~20024600", b"~20024602")), "CHKSUM error"),
        (lambda frame: summed(frame.replace(b"9142", b"1142")), "LENGTH"),
        (lambda frame: summed(frame[:20] + b"ZZ" + frame[22:]), "hexadecimal"),
    ],
)
def test_damage_is_found(
    battery: Part, library: list[FrameVector], damage: Callable[[bytes], bytes], reason: str
) -> None:
    with pytest.raises(DecodeError, match=reason) as error:
        read(battery, "values", damage(library[0].data))
    assert error.value.datapoint == "frame"


def summed(frame: bytes) -> bytes:
    """The frame with a checksum that fits."""
    return frame[:-5] + b"%04X\r" % checksum(frame[1:-5])
