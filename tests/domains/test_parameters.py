"""What commands ask for, and which values will do."""

import pytest

from core.commanding.parameters import check, from_text, parameters_of
from core.registry import Part, Registry


@pytest.fixture
def part(registry: Registry) -> Part:
    product = registry.product("bench")
    assert product is not None
    return registry.system(product).parts["inverter"]


def test_parameters_say_all_that_a_form_needs(part: Part) -> None:
    (limit,) = parameters_of(part, part.commands["set_export_limit"])
    assert (limit.key, limit.kind, limit.label, limit.unit) == (
        "export_limit",
        "whole",
        "export limit",
        "W",
    )
    assert (limit.range, limit.step, limit.default) == ((0, 8000), 1, 5000)
    mode, current = parameters_of(part, part.commands["set_mode"])
    assert [(c.value, c.name, c.label) for c in mode.choices] == [
        (0, "self_use", "Self use"),
        (1, "backup", "Backup"),
    ]
    assert (mode.kind, current.kind, current.step) == ("choice", "number", 0.5)
    assert parameters_of(part, part.commands["restart"]) == ()


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (0, None),
        (8000, None),
        (8000.0, None),
        (-1, "-1 is outside its range 0 to 8000"),
        (8001, "8001 is outside its range 0 to 8000"),
        (0.5, "0.5 is not a whole number"),
        ("5", "'5' is not a whole number"),
        (True, "True is not a whole number"),
        (float("nan"), "nan is not a whole number"),
        (float("inf"), "inf is not a whole number"),
        (None, "is missing"),
    ],
)
def test_numbers_are_checked(part: Part, given: object, wrong: str | None) -> None:
    checked = check(part, part.commands["set_export_limit"], {"export_limit": given})
    assert [problem.what for problem in checked.problems] == ([] if wrong is None else [wrong])
    assert bool(checked.frame) == (wrong is None)


@pytest.mark.parametrize(
    ("given", "value"), [(1, 1), ("backup", 1), ("Backup", 1), ("self_use", 0)]
)
def test_choices_may_be_named(part: Part, given: object, value: int) -> None:
    checked = check(part, part.commands["set_mode"], {"mode": given, "charge_current": 1})
    assert checked.values == {"mode": value, "charge_current": 1}
    assert checked.expected == checked.values


@pytest.mark.parametrize("given", [2, "off", -1, 0.5])
def test_other_choices_are_refused(part: Part, given: object) -> None:
    checked = check(part, part.commands["set_mode"], {"mode": given, "charge_current": 1})
    (problem,) = checked.problems
    assert problem.hint == "one of 0 (self_use), 1 (backup)"


def test_a_number_that_the_device_would_read_otherwise_is_refused(part: Part) -> None:
    checked = check(part, part.commands["set_mode"], {"mode": 0, "charge_current": 1.3})
    (problem,) = checked.problems
    assert problem.what == "1.3 would be read as 1.5"
    assert problem.hint == "a number from 0 up to 30 A in steps of 0.5"


def test_constants_are_sent_and_not_asked_for(part: Part) -> None:
    checked = check(part, part.commands["restart"], {})
    assert (checked.values, checked.expected) == ({"mode": 1}, {})
    assert checked.frame[7:9] == b"\x00\x01"
    refused = check(part, part.commands["restart"], {"mode": 0})
    assert [problem.what for problem in refused.problems] == ["is not a parameter of this command"]


def test_forms_give_texts(part: Part) -> None:
    parameters = parameters_of(part, part.commands["set_mode"])
    assert from_text(parameters, {"mode": "1", "charge_current": " 2.5 "}) == {
        "mode": 1,
        "charge_current": 2.5,
    }
    assert from_text(parameters, {"mode": "", "charge_current": "x", "y": "1"}) == {
        "mode": None,
        "charge_current": "x",
        "y": "1",
    }
