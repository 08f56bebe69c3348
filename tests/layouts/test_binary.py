"""Binary layouts: the compiled decoder, the plain reading and the encoder agree with each other."""

import math
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.thing_model.layout.binary import Binary, keys, octet_string, registers, walk
from core.thing_model.layout.codec import outside
from core.thing_model.layout.compiler import compile_binary
from core.thing_model.layout.fields import Field, Value, f32, i16, i32, repeat, text, u8, u16, u32
from core.thing_model.layout.raw import interpret
from core.thing_model.plausibility import Range
from core.thing_model.problems import DecodeError, EncodeError
from tests.layouts.reading import read, refusal
from tests.layouts.strategies import flat_blocks, grouped_blocks, octet_strings, payload

blocks = st.one_of(flat_blocks(), flat_blocks(), grouped_blocks())
randoms = st.randoms(use_true_random=False)
quick = settings(max_examples=100, deadline=None)


def close(one: Value, other: Value) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    return one == other


def reading(block: Binary, data: bytes) -> dict[str, Value]:
    return read(compile_binary(block, {}), data)


@quick
@given(blocks, randoms)
def test_the_compiled_decoder_reads_what_the_plain_reading_does(block: Binary, random: Random):
    data = payload(block, random)
    plain = dict.fromkeys(keys(block.items)) | interpret(block, data)
    assert reading(block, data) == plain


@quick
@given(blocks, randoms)
def test_what_is_decoded_is_encoded_to_be_decoded_again(block: Binary, random: Random):
    codec, data = compile_binary(block, {}), payload(block, random)
    values = reading(block, data)
    again = reading(block, codec.encode(values))
    assert values.keys() == again.keys()
    assert [key for key in values if not close(values[key], again[key])] == []


@quick
@given(blocks, st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(block: Binary, data: bytes):
    codec = compile_binary(block, {})
    error = refusal(codec.decode, data)
    assert error is None or error.datapoint in (*codec.keys, "frame")
    assert error is None or 0 <= error.offset <= max(len(data), *block.sizes, 0)


@quick
@given(blocks, randoms, st.integers(1, 9))
def test_short_and_long_frames_are_refused(block: Binary, random: Random, by: int):
    data = payload(block, random)
    codec = compile_binary(block, {})
    short = data[: max(0, len(data) - by)]
    if len(short) < len(data) and len(short) not in block.sizes and needed(block, short):
        with pytest.raises(DecodeError):
            codec.decode(short)
    long = data + bytes(by)
    if (block.sizes or not flat(block)) and len(long) not in block.sizes:
        with pytest.raises(DecodeError):
            codec.decode(long)


def flat(block: Binary) -> bool:
    return all(isinstance(item, Field) for item in block.items)


def needed(block: Binary, short: bytes) -> bool:
    """Whether some value lies beyond a shortened frame."""
    return (
        bool(block.sizes)
        or not flat(block)
        or any(placed.end > len(short) for placed in walk(block, lambda _: 0))
    )


@quick
@given(blocks, randoms)
def test_spans_lie_inside_and_say_the_value(block: Binary, random: Random):
    data = payload(block, random)
    trace = compile_binary(block, {}).trace(data)
    plain = interpret(block, data)
    assert trace.keys() == plain.keys()
    for key, found in trace.items():
        assert all(0 <= start < after <= len(data) for start, after in found.spans), key
        assert len(set(found.spans)) == len(found.spans)


@quick
@given(flat_blocks(), randoms)
def test_no_byte_outside_of_its_spans_matters_to_a_value(block: Binary, random: Random):
    data = payload(block, random)
    trace, before = compile_binary(block, {}).trace(data), interpret(block, data)
    fields_ = {placed.key: placed.field for placed in walk(block, lambda _: 0)}
    for key, found in trace.items():
        inside = {n for start, after in found.spans for n in range(start, after)}
        if (by := fields_[key].scaled_by) in trace:
            inside |= {n for start, after in trace[by].spans for n in range(start, after)}
        other = bytes(b if n in inside else b ^ 0x01 for n, b in enumerate(data))
        try:
            assert interpret(block, other)[key] == before[key]
        except DecodeError:
            continue  # another value, such as a clock, cannot be read any more


@quick
@given(blocks, randoms, st.data())
def test_the_range_check_agrees_with_the_plain_check(
    block: Binary, random: Random, data: st.DataObject
):
    frame = payload(block, random)
    values = reading(block, frame)
    ranges = {key: data.draw(ranges_near(value), label=key) for key, value in values.items()}
    checked = compile_binary(block, ranges)
    beyond = [key for key, value in values.items() if outside(value, ranges[key])]
    if not beyond:
        assert dict(zip(checked.keys, checked.decode_checked(frame), strict=True)) == values
        return
    with pytest.raises(DecodeError) as raised:
        checked.decode_checked(frame)
    assert raised.value.datapoint in beyond
    assert "outside its range" in raised.value.reason


def ranges_near(value: Value) -> st.SearchStrategy[Range]:
    """Ranges that end at the value, beside it, or nowhere."""
    if isinstance(value, str | bool) or value is None:
        value = 0
    ends = st.sampled_from([None, value, value - 0.05, value + 0.05, value - 1, value + 1, 0])
    return st.tuples(ends, ends).map(_ordered)


def _ordered(ends: tuple[float | None, float | None]) -> Range:
    low, high = ends
    return (high, low) if low is not None and high is not None and low > high else ends


@quick
@given(octet_strings(), randoms, st.data())
def test_values_at_the_edges_of_a_type_can_be_said_and_not_beyond(
    block: Binary, random: Random, data: st.DataObject
):
    codec = compile_binary(block, {})
    values = reading(block, payload(block, random))
    item = data.draw(st.sampled_from([f for f in block.items if isinstance(f, Field)]))
    assume(item.whole and not item.absent)
    for raw, inward in zip(item.bounds, (1, -1), strict=True):
        value = item.linear.value(raw)
        said = codec.encode({**values, item.key: value})
        assert close(reading(block, said)[item.key], value)
        with pytest.raises(EncodeError, match=item.key):
            codec.encode({**values, item.key: item.linear.value(raw - inward * 10**6)})


def test_words_of_a_little_endian_string_keep_their_own_order():
    """Read by hand: bytes of a word low first, and here the high word first too."""
    block = octet_string(Field("a", "u32", words="little"), order="little")
    assert reading(block, bytes.fromhex("04030201")) == interpret(block, bytes.fromhex("04030201"))


def test_a_divided_number_that_does_not_fit_is_an_encode_error():
    codec = compile_binary(registers(0, u16("a", divide=10)), {})
    with pytest.raises(EncodeError, match="does not fit"):
        codec.encode({"a": 60000})


def test_a_masked_signed_number_uses_its_top_bits():
    block = registers(0, i16("a", mask=0xFF00))
    assert compile_binary(block, {}).encode({"a": 0xFE}) == b"\xfe\x00"


def test_an_absent_masked_number_is_said_with_all_its_bits():
    block = registers(0, u16("a", mask=0x0FFF, absent=0xFFFF))
    assert reading(block, compile_binary(block, {}).encode({"a": None})) == {"a": None}


def test_a_float_too_large_for_its_type_is_an_encode_error():
    with pytest.raises(EncodeError, match="a"):
        compile_binary(registers(0, f32("a")), {}).encode({"a": 1e39})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1", [1]])
def test_what_is_no_number_is_an_encode_error(value: object):
    with pytest.raises(EncodeError, match="stands where a number belongs"):
        compile_binary(registers(0, u16("a", scale=0.1)), {}).encode({"a": value})  # type: ignore[dict-item]


def test_a_flag_is_said_as_a_number():
    assert compile_binary(registers(0, u16("a")), {}).encode({"a": True}) == b"\0\1"


def test_a_block_may_be_shorter_by_declaration():
    block = registers(10, u16("a"), u16("b"), u32("c"), counts=(2, 4))
    assert reading(block, bytes.fromhex("0001 0002")) == {"a": 1, "b": 2, "c": None}
    assert reading(block, bytes.fromhex("0001 0002 00000003")) == {"a": 1, "b": 2, "c": 3}
    codec = compile_binary(block, {})
    assert codec.encode({"a": 1, "b": 2}) == bytes.fromhex("0001 0002")
    with pytest.raises(DecodeError, match="the frame ends after 6 bytes, expected 4 or 8"):
        codec.decode(bytes(6))


def test_a_count_beyond_its_limit_is_refused_by_name():
    block = octet_string(u8("n"), repeat("i", u8("cell_{i}"), count="n", limit=2))
    assert reading(block, b"\2\7\x08") == {"n": 2, "cell_1": 7, "cell_2": 8}
    assert reading(block, b"\1\7") == {"n": 1, "cell_1": 7, "cell_2": None}
    with pytest.raises(DecodeError, match="n at byte 1: announces 3 elements, at most 2"):
        compile_binary(block, {}).decode(b"\3\7\x08\x09")


def test_text_that_is_no_text_is_refused_at_its_place():
    block = octet_string(u8("a"), text("name", 3))
    with pytest.raises(DecodeError) as raised:
        compile_binary(block, {}).decode(b"\1A\xe9B")
    assert (raised.value.datapoint, raised.value.offset) == ("name", 1)


def test_powers_of_ten_beyond_all_measure_are_absent():
    block = registers(0, u16("a", scaled_by="a_sf"), i16("a_sf"))
    assert reading(block, bytes.fromhex("0003 fffe")) == {"a": 0.03, "a_sf": -2}
    assert reading(block, bytes.fromhex("0003 7fff"))["a"] is None


def test_overridden_rows_keep_their_place():
    block = registers(5, u16("a"), i32("b"), u16("c")).overridden(u32("b", scale=0.1))
    assert reading(block, bytes.fromhex("0001 ffffffff 0003")) == {"a": 1, "b": 429496729.5, "c": 3}
