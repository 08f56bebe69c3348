"""JSON layouts: paths, aliases, masks, numbers in text, and everything a sender may get wrong."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.thing_model.layout.documents import (
    JsonField,
    JsonObject,
    compile_json,
    flag,
    json_object,
    number,
    string,
    strings,
    whole,
)
from core.thing_model.layout.fields import Value
from core.thing_model.problems import DecodeError, EncodeError
from tests.layouts.reading import read, refusal

quick = settings(max_examples=100, deadline=None)
names = st.sampled_from(["a", "B", "power", "emeters", "SOC", "naïve", "x y"])
NUMBERS = st.integers(-(2**40), 2**40)


@st.composite
def paths(draw: st.DrawFn, stem: str) -> str:
    """A path of its own: `stem` ends it, names and indices may come before it."""
    parents = draw(st.lists(st.tuples(names, st.sampled_from(["", "[0]", "[2]"])), max_size=2))
    return ".".join([*(f"{stem}{name}{index}" for name, index in parents), stem])


@st.composite
def json_fields(draw: st.DrawFn, key: str) -> JsonField:
    path = draw(paths(key))
    kind = draw(st.sampled_from(["number", "scaled", "whole", "masked", "text", "texts", "flag"]))
    if kind == "scaled":
        scale = draw(st.sampled_from([0.1, 0.001, 10, -1]))
        return number(key, path, scale=scale, offset=draw(st.sampled_from([0, -40, 0.5])))
    if kind == "masked":
        return whole(key, path, mask=draw(st.sampled_from([0x0F, 0xFF00, 0x8000])))
    makers = {"number": number, "whole": whole, "text": string, "texts": strings, "flag": flag}
    return makers[kind](key, path)


@st.composite
def documents(draw: st.DrawFn) -> tuple[JsonObject, dict[str, Value]]:
    """A layout, and values that it can say."""
    count = draw(st.integers(1, 6))
    layout = json_object(
        *(draw(json_fields(f"v{n}")) for n in range(count)), numeric_text=draw(st.booleans())
    )
    values = {item.key: draw(values_of(item)) for item in layout.fields}
    if all(value is None for value in values.values()):
        values[layout.fields[0].key] = draw(values_of(layout.fields[0], absent=False))
    return layout, values


def values_of(item: JsonField, *, absent: bool = True) -> st.SearchStrategy[Value]:
    said: st.SearchStrategy[Any] = NUMBERS.map(item.linear.value)
    if item.mask is not None:
        said = st.integers(0, item.mask >> item.shift)
    elif item.kind == "text":
        said = st.text(max_size=8)
    elif item.kind == "texts":
        said = st.lists(st.sampled_from(["", "fault", "too hot"])).map(", ".join)
    elif item.kind == "flag":
        said = st.booleans()
    return said if not absent else st.one_of(said, said, st.none())


@quick
@given(documents())
def test_what_is_encoded_is_decoded_again(drawn: tuple[JsonObject, dict[str, Value]]):
    layout, values = drawn
    codec = compile_json(layout, {})
    assert read(codec, codec.encode(values)) == values


@quick
@given(documents(), st.sampled_from([str.upper, str.lower, str.title]))
def test_the_case_of_names_does_not_matter(drawn: tuple[JsonObject, dict[str, Value]], change):
    layout, values = drawn
    codec = compile_json(layout, {})
    document = renamed(json.loads(codec.encode(values)), change)
    assert read(codec, json.dumps(document).encode()) == values


def renamed(document: Any, change: Any) -> Any:
    if isinstance(document, list):
        return [renamed(item, change) for item in document]
    if not isinstance(document, dict):
        return document
    return {change(name): renamed(value, change) for name, value in document.items()}


@quick
@given(documents(), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_spans_hold_the_raw_value(
    drawn: tuple[JsonObject, dict[str, Value]], indent: Any, ascii_only: bool
):
    layout, values = drawn
    codec = compile_json(layout, {})
    document = json.loads(codec.encode(values))
    data = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    for key, found in codec.trace(data).items():
        ((start, after),) = found.spans
        said = json.loads(data[start:after])
        assert (str(said) if isinstance(said, list) else said) == found.raw, key


@quick
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes):
    refused(json_object(number("a", "a"), numeric_text=True), data)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["nan", "inf", "-Infinity", "1e999", "0x10", "1_0", "9" * 5000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
FULL = json_object(
    number("n", "a", "power", scale=0.1),
    whole("w", "B", "emeters[0].power", mask=0xFF00),
    string("s", "SOC", absent=("",)),
    flag("f", "emeters.a"),
    numeric_text=True,
)


@quick
@given(st.dictionaries(names, ANYTHING, max_size=6))
def test_any_document_is_read_or_refused(document: dict[str, Any]):
    refused(FULL, json.dumps(document).encode())


def refused(layout: JsonObject, data: bytes) -> None:
    """Nothing but a DecodeError may come of it."""
    codec = compile_json(layout, dict.fromkeys(("n", "w"), (0, 10)))
    for decode in (codec.decode, codec.decode_checked):
        error = refusal(decode, data)
        if error is None:
            assert all(value == value for value in decode(data))  # noqa: PLR0124  none is NaN
        else:
            assert error.datapoint in (*codec.keys, "frame")
            assert 0 <= error.offset <= len(data)


WRONG = {
    "text for a number": ('{"p": "x"}', "p", 6, "'x' is not a number"),
    "a flag for a number": ('{"p": true}', "p", 6, "True is not a number"),
    "a fraction for a whole number": ('{"w": 1.5}', "w", 6, "1.5 is not a whole number"),
    "a number for text": ('{"s": 1}', "s", 6, "1 is not text"),
    "a number for a flag": ('{"f": 2}', "f", 6, "2 is not true or false"),
    "an object for a number": ('{"p": {"q": 1}}', "p", 6, "is not a number"),
    "no object": ("[1]", "frame", 0, "is JSON, but not an object"),
    "no JSON": ('{"p": 1', "frame", 7, "is not JSON"),
    "nothing of it": ('{"q": 1}', "frame", 0, "holds none of the 4 declared values"),
    "nothing": ("", "frame", 0, "is not JSON"),
    "no end of brackets": ("[" * 100_000, "frame", 0, "is nested too deeply to be read"),
    "a deep object": ('{"p":' * 500 + "1" + "}" * 500, "frame", 0, "is nested too deeply"),
    "a whole number without end": ('{"w": 1e300}', "w", 6, "1e+300 is not a whole number"),
    "a number beyond all measure": ('{"p": 1e999}', "frame", 0, "is not JSON"),
}
PLAIN = json_object(number("p", "p"), whole("w", "w"), string("s", "s"), flag("f", "f"))


@pytest.mark.parametrize(("text", "key", "offset", "reason"), WRONG.values(), ids=WRONG)
def test_errors_say_where(text: str, key: str, offset: int, reason: str):
    with pytest.raises(DecodeError) as raised:
        compile_json(PLAIN, {}).decode(text.encode())
    assert raised.value.datapoint == key
    assert reason in raised.value.reason
    assert raised.value.offset == offset or key == "frame"


def test_the_first_path_that_is_there_counts():
    codec = compile_json(json_object(number("p", "Power", "emeters[1].p", absent=(-1,))), {})
    assert codec.decode(b'{"emeters": [{}, {"P": 2}]}') == [2]
    assert codec.decode(b'{"POWER": 1, "emeters": [{}, {"p": 2}]}') == [1]
    assert codec.decode(b'{"POWER": -1, "emeters": [{}, {"p": 2}]}') == [2]
    assert codec.encode({"p": 3}) == b'{"Power":3}'


def test_a_trace_leads_to_the_path_that_counts():
    codec = compile_json(json_object(number("p", "Power", "p", absent=(-1,))), {"p": (0, 1)})
    data = b'{"Power": -1, "p": 2}'
    assert codec.trace(data)["p"].spans == ((19, 20),)
    assert codec.trace(b'{"Power": -1, "q": 2}')["p"].raw == -1
    with pytest.raises(DecodeError) as raised:
        codec.decode_checked(data)
    assert raised.value.offset == 19


IN_TEXT = json_object(number("n", "n", scale=0.1), whole("w", "w"), numeric_text=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [("25", 2.5), ("-2.5", -0.25), ("+007", 0.7), (" .5 ", 0.05), ("5.", 0.5), ("1e2", 10)],
)
def test_numbers_in_text_are_numbers_where_that_is_declared(text: str, value: float):
    data = json.dumps({"n": text}).encode()
    assert compile_json(IN_TEXT, {}).decode(data) == [value, None]
    with pytest.raises(DecodeError, match="is not a number"):
        compile_json(json_object(number("n", "n")), {}).decode(data)


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "-Infinity", "1e999", "1_0", "0x10", "١", "9" * 5000, ".", "1e", "+"]
)
@pytest.mark.parametrize("key", ["n", "w"])
def test_text_that_is_no_number_is_refused(text: str, key: str):
    with pytest.raises(DecodeError) as raised:
        compile_json(IN_TEXT, {}).decode(json.dumps({key: text}).encode())
    assert (raised.value.datapoint, raised.value.offset) == (key, 6)


def test_masked_values_share_a_number():
    codec = compile_json(json_object(whole("a", "w", mask=0x0F), whole("b", "w", mask=0xF0)), {})
    assert codec.decode(b'{"w": 165}') == [5, 10]
    assert json.loads(codec.encode({"a": 5, "b": 10})) == {"w": 165}
    with pytest.raises(EncodeError, match="16 does not fit the mask 0xf"):
        codec.encode({"a": 16})


def test_an_implausible_value_is_refused_at_its_place():
    codec = compile_json(json_object(number("p", "p")), {"p": (0, 10)})
    assert codec.decode_checked(b'{"p": 10}') == [10]
    with pytest.raises(DecodeError) as raised:
        codec.decode_checked('{"ä": 1, "p": 11}'.encode())
    assert (raised.value.datapoint, raised.value.offset) == ("p", 15)
