"""Framings and tagged records: what surrounds a layout, put on, taken off, and damaged."""

import struct
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.thing_model.layout.binary import Binary, registers
from core.thing_model.layout.fields import u8, u16
from core.thing_model.layout.framing import (
    Framed,
    ModbusRtu,
    crc16,
    modbus_rtu,
    modbus_tcp,
    modbus_write,
)
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.layout.tagged import Tagged, can_frames, tlv
from core.thing_model.problems import DecodeError
from tests.layouts.reading import read, refusal
from tests.layouts.strategies import framed_blocks, payload, tagged

quick = settings(max_examples=100, deadline=None)
randoms = st.randoms(use_true_random=False)


def block_of(layout: Framed) -> Binary:
    assert isinstance(layout.layout, Binary)
    return layout.layout


@quick
@given(framed_blocks(), randoms)
def test_a_frame_reads_as_its_body_and_says_where(layout: Framed, random: Random):
    body = payload(block_of(layout), random)
    frame = layout.framing.wrap(body)
    assert layout.framing.unwrap(frame) == body
    inside, around = compile_layout(layout.layout), compile_layout(layout)
    assert list(around.decode(frame)) == list(inside.decode(body))
    inner, outer = inside.trace(body), around.trace(frame)
    for key, found in inner.items():
        for (start, after), (a, b) in zip(found.spans, outer[key].spans, strict=True):
            assert frame[a:b] == body[start:after]


@quick
@given(framed_blocks(), randoms, st.data())
def test_a_flipped_bit_on_a_serial_line_never_goes_unnoticed(
    layout: Framed, random: Random, data: st.DataObject
):
    if not isinstance(layout.framing, ModbusRtu):
        return
    frame = bytearray(layout.framing.wrap(payload(block_of(layout), random)))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DecodeError):
        compile_layout(layout).decode(bytes(frame))


@quick
@given(framed_blocks() | tagged(), st.binary(max_size=60), randoms)
def test_any_bytes_are_read_or_refused(layout: Framed | Tagged, data: bytes, random: Random):
    codec = compile_layout(layout)
    for given_ in (data, *damaged(layout, random)):
        error = refusal(codec.decode, given_)
        assert error is None or error.datapoint in (*codec.keys, "frame")


def damaged(layout: Framed | Tagged, random: Random) -> list[bytes]:
    """Frames that were right before they were cut, stretched or overwritten."""
    if isinstance(layout, Framed):
        frame = layout.framing.wrap(payload(block_of(layout), random))
    else:
        frame = b"".join(records(layout, random))
    cut, place = random.randrange(len(frame)), random.randrange(len(frame))
    other = frame[:place] + random.randbytes(2) + frame[place + 2 :]
    return [frame[:cut], frame + frame[:cut], other]


def records(layout: Tagged, random: Random) -> list[bytes]:
    return [record(layout, tag, payload(block, random)) for tag, block in layout.sections.items()]


def record(layout: Tagged, tag: int, body: bytes) -> bytes:
    said = tag | 0x8000_0000 if layout.stride and tag > 0x7FF else tag
    return struct.pack(layout.header, said, len(body)) + body.ljust(layout.stride or 0, b"\0")


@quick
@given(tagged(), randoms)
def test_tagged_records_are_read_in_any_order_and_written_again(layout: Tagged, random: Random):
    codec = compile_layout(layout)
    parts = records(layout, random)
    random.shuffle(parts)
    values = read(codec, b"".join(parts))
    for tag, block in layout.sections.items():
        for start, end in ((s, e) for t, s, e in layout.records(b"".join(parts)) if t == tag):
            alone = compile_layout(block)
            record_ = b"".join(parts)[start:end]
            assert [values[key] for key in alone.keys] == list(alone.decode(record_))
    if any(value is not None for value in values.values()):
        assert read(codec, codec.encode(values)) == values


@quick
@given(tagged(), randoms)
def test_spans_of_tagged_values_lie_in_their_records(layout: Tagged, random: Random):
    data = b"".join(records(layout, random))
    places = {tag: (start, end) for tag, start, end in layout.records(data)}
    for key, found in compile_layout(layout).trace(data).items():
        start, end = places[int(key[1:].split("_")[0])]
        assert all(start <= a < b <= end for a, b in found.spans)


def test_records_of_other_tags_are_left_alone_and_a_missing_one_is_absent():
    codec = compile_layout(tlv({1: [u16("a")], 2: [u8("b")]}))
    assert list(codec.decode(bytes.fromhex("0902ffff 01020005"))) == [5, None]
    with pytest.raises(DecodeError, match=r"holds none of the declared records \(0x1, 0x2\)"):
        codec.decode(bytes.fromhex("0902ffff"))
    with pytest.raises(DecodeError, match="a record announces 5 bytes, too many"):
        codec.decode(bytes.fromhex("0105ffff"))


def test_an_error_in_a_record_is_told_where_it_stands_in_the_payload():
    with pytest.raises(DecodeError) as raised:
        compile_layout(tlv({1: [u16("a")], 2: [u8("b")]})).decode(bytes.fromhex("020107 010100"))
    assert (raised.value.datapoint, raised.value.offset) == ("a", 6)


def test_can_frames_are_those_of_a_linux_socket():
    frame = struct.pack("=IB3x8s", 0x351, 8, bytes.fromhex("3a02 e803 e803 a401"))
    layout = can_frames({0x351: [u16("charge_voltage", scale=0.1)]})
    assert list(compile_layout(layout).decode(frame)) == [57.0]


# The specification's own example: unit 0x11, function 3, three registers.
RTU = "11 03 06 ae41 5652 4340 49ad"


def test_the_crc_is_that_of_the_modbus_specification():
    assert crc16(b"123456789") == 0x4B37
    codec = compile_layout(modbus_rtu(registers(0x6B, u16("a"), u16("b"), u16("c")), unit=0x11))
    assert list(codec.decode(bytes.fromhex(RTU))) == [0xAE41, 0x5652, 0x4340]
    assert codec.encode({"a": 0xAE41, "b": 0x5652, "c": 0x4340}) == bytes.fromhex(RTU)


BLOCK = registers(0x10, u16("a"))
REFUSED = {
    "another CRC": (modbus_rtu(BLOCK), "0103020005 7848", 5, "CRC is 4878, should be 4778"),
    "another function": (modbus_rtu(BLOCK), "0104020005 7937", 1, "function is 4, expected 3"),
    "an exception": (modbus_rtu(BLOCK), "018302 c0f1", 2, r"exception 2 \(illegal data address\)"),
    "another length": (modbus_rtu(BLOCK), "0103040005 7847", 2, "announces 4 bytes .* holds 2"),
    "another prefix": (modbus_rtu(BLOCK, prefix=b"\xaa\x55"), "aa54010302", 0, "begin with aa 55"),
    "no Modbus TCP": (modbus_tcp(BLOCK), "0001 0007 0005 01 03 02 0005", 2, "is not Modbus"),
    "another TCP length": (modbus_tcp(BLOCK), "0001 0000 0006 01 03 02 0005", 4, "lengths"),
    "a TCP exception": (modbus_tcp(BLOCK), "0001 0000 0003 01 83 0b", 8, "exception 11"),
    "another address": (modbus_write(BLOCK), "01 10 0011 0001 02 0005 6512", 2, "0x0011, not"),
    "another write": (modbus_write(BLOCK), "01 06 0010 0005 0000 00 8516", 1, "function is 6"),
}


@pytest.mark.parametrize(("layout", "frame", "offset", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_frame_that_is_not_meant_is_refused(layout: Framed, frame: str, offset: int, reason: str):
    with pytest.raises(DecodeError, match=reason) as raised:
        compile_layout(layout).decode(bytes.fromhex(frame))
    assert (raised.value.datapoint, raised.value.offset) == ("frame", offset)


def test_an_error_inside_is_told_where_it_stands_in_the_frame():
    layout = modbus_rtu(BLOCK, prefix=b"\xaa\x55")
    checked = compile_layout(layout, {"a": (0, 4)})
    with pytest.raises(DecodeError) as raised:
        checked.decode_checked(checked.encode({"a": 5}))
    assert (raised.value.datapoint, raised.value.offset) == ("a", 5)
