"""What can follow a value that was believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.thing_model.datapoint import Datapoint
from core.thing_model.plausibility import DOUBT, Belief, ImplausibleError, Plausibility


def test_a_role_that_counts_makes_a_total() -> None:
    assert Datapoint("e", "kWh", "pv.energy").plausibility.counter == "total"
    assert Datapoint("p", "W", "pv.power").plausibility.counter is None


@pytest.mark.parametrize(
    "wrong", [{"step": 0}, {"step": -1}, {"rollover": 5}, {"restarts": 5, "counter": "daily"}]
)
def test_rules_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must be more than 0|is a rule of counters"):
        Datapoint("key", **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("seconds", "allowed"), [(0, 2), (1, 2), (5, 10)])
def test_a_step_is_believed_at_its_edge_and_not_beyond(seconds: int, allowed: float) -> None:
    rule, at = Plausibility(step=2), 1000 * seconds
    for sign in (1, -1):
        assert rule.believe(Belief(100, 0), 100 + sign * allowed, at)[1] is None
        with pytest.raises(ImplausibleError, match="more than 2 per second"):
            rule.believe(Belief(100, 0), 100 + sign * (allowed + 0.1), at)


def test_a_counter_goes_round_by_the_shorter_way_only() -> None:
    rule = Plausibility(counter="total", rollover=1000)
    assert rule.believe(Belief(990, 0), 5, 1)[1] == 15
    with pytest.raises(ImplausibleError, match="falls from 990 to 600"):
        rule.believe(Belief(990, 0), 600, 1)


def test_a_counter_restarts_near_zero_only() -> None:
    rule = Plausibility(counter="total", restarts=10)
    assert rule.believe(Belief(990, 0), 10, 1)[1] == 10
    with pytest.raises(ImplausibleError, match="falls from 990 to 11"):
        rule.believe(Belief(990, 0), 11, 1)


def test_a_fall_that_lasts_is_believed() -> None:
    rule, belief = Plausibility(counter="total"), Belief(990, 0)
    for value, at in ((300, 0), (310, DOUBT - 1)):
        with pytest.raises(ImplausibleError, match="falls"):
            rule.believe(belief, value, at)
    assert rule.believe(belief, 320, DOUBT) == (Belief(320, DOUBT), 20)


def test_a_doubt_begins_again_where_the_counter_falls_again() -> None:
    rule, belief = Plausibility(counter="total"), Belief(990, 0)
    for value, at in ((300, 0), (290, DOUBT)):
        with pytest.raises(ImplausibleError, match="falls"):
            rule.believe(belief, value, at)


@given(st.lists(st.integers(0, 10_000), min_size=2), st.sampled_from([None, 10_001.0]))
def test_a_counter_never_counts_backwards(values: list[int], rollover: float | None) -> None:
    rule = Plausibility(counter="total", rollover=rollover)
    belief: Belief | None = None
    for n, value in enumerate(values):
        try:
            belief, grown = rule.believe(belief, value, 60_000 * n)
        except ImplausibleError:
            continue
        assert grown is None or grown >= 0
