"""Values picked out of lists by what stands beside them, units that differ, and fixed parts."""

import json
from typing import Any

import pytest

from core.thing_model.layout.documents import JsonField, JsonObject, compile_json
from core.thing_model.layout.mistakes import mistakes
from core.thing_model.layout.paths import steps, written
from core.thing_model.problems import DecodeError
from thingwright.layout import json_object, number, string

POWER = "values[kind=Power|, phase=, unit={}].value"
BY_UNIT = number("power", POWER.format("W|"), POWER.format("kW"), factors=(1, 1000))
BY_TEN = number("power", "values[unit.name=W].value", scaled_by="unit.ten")


def read(field: JsonField | JsonObject, *values: Any) -> Any:
    layout = field if isinstance(field, JsonObject) else json_object(field)
    return compile_json(layout, {}).decode(json.dumps({"Values": values}).encode())[0]


def test_the_last_element_that_fits_is_taken() -> None:
    one, two = {"kind": "Power", "value": 1}, {"Kind": "Power", "unit": "W", "value": 2}
    assert read(BY_UNIT, one, two) == 2
    assert read(BY_UNIT, two, one) == 1
    assert read(BY_UNIT, one, {**two, "phase": "L1"}, {**two, "value": None}) == 1


def test_a_name_that_is_missing_can_be_asked_for() -> None:
    assert read(BY_UNIT, {"value": 5}, {"kind": "Energy", "value": 6}) == 5


def test_what_stands_under_another_path_has_its_own_factor() -> None:
    assert read(BY_UNIT, {"value": 1.5, "unit": "kW"}) == 1500
    assert read(BY_UNIT, {"value": 1, "unit": "W"}, {"value": 2, "unit": "kW"}) == 1


@pytest.mark.parametrize(("ten", "value"), [(None, 12), (0, 12), (3, 12000), (-1, 1.2)])
def test_a_power_of_ten_beside_the_value(ten: int | None, value: float) -> None:
    assert read(BY_TEN, {"value": 12, "unit": {"name": "W", "ten": ten}}) == value


def test_an_absurd_power_of_ten_is_refused() -> None:
    with pytest.raises(DecodeError, match=r"12 × 10\^4000"):
        read(BY_TEN, {"value": 12, "unit": {"name": "W", "ten": 4000}})


def test_what_is_no_list_holds_nothing_to_pick() -> None:
    codec = compile_json(json_object(BY_UNIT, string("name", "name")), {})
    assert codec.decode(b'{"values": "none", "name": "x"}') == [None, "x"]


def test_encoding_says_what_was_asked_for() -> None:
    codec = compile_json(json_object(BY_UNIT), {})
    assert json.loads(codec.encode({"power": 7})) == {
        "values": [{"kind": "Power", "unit": "W", "value": 7}]
    }


def test_the_trace_points_at_the_element() -> None:
    data = b'{"values": [{"value": 1, "phase": "L1"}, {"value": 22}, {"value": 3, "kind": "x"}]}'
    ((start, end),) = compile_json(json_object(BY_UNIT), {}).trace(data)["power"].spans
    assert data[start:end] == b"22"


def test_a_path_is_written_as_it_was_read() -> None:
    assert written(steps(POWER)) == POWER
    assert written(steps("a[].b[2].c")) == "a[].b[2].c"


def test_brackets_that_say_nothing_are_a_mistake() -> None:
    found = list(mistakes(json_object(number("power", "values[Power].value"))))
    assert found == [
        ("power", "'values[Power].value': [Power] is neither a place nor a list of name=text")
    ]


def test_factors_belong_to_paths() -> None:
    with pytest.raises(ValueError, match="2 factors for 1 paths"):
        number("power", "p", factors=(1, 2))


def test_fixed_parts_are_said_and_asked_for() -> None:
    layout = json_object(
        number("limit", "body.list[0].limit"),
        fixed={"action": "Limit", "body": {"list": [{"start": 0}]}},
    )
    codec = compile_json(layout, {})
    data = codec.encode({"limit": 16})
    assert json.loads(data) == {"action": "Limit", "body": {"list": [{"start": 0, "limit": 16}]}}
    assert codec.encode({"limit": 6}) != data
    assert codec.decode(data) == [16]
    with pytest.raises(DecodeError, match="does not say"):
        codec.decode(data.replace(b"Limit", b"Reset", 1))


def test_a_document_may_consist_of_fixed_parts_alone() -> None:
    codec = compile_json(json_object(fixed={"action": "Reset"}), {})
    assert codec.encode({}) == b'{"action":"Reset"}'
    assert codec.decode(b'{"action":"Reset"}') == []
