"""Windows follow from a tariff's prices, and commands from what the product model can be told."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.commanding.dry_runs import dry_run
from core.commanding.parameters import check
from core.effective import EffectiveModel, effective_model
from core.host import load
from core.registry import Registry
from core.runtime.database import Database
from core.tariffs.tariff import Rate, Tariff, fixed
from core.tariffs.windows import Schedule, schedule, windows_of
from tests.homes import home_registry, time_of_use

RATES = {n: Rate(Decimal(n) / 10, Decimal(0)) for n in (1, 2, 3)}
CELLS = st.lists(st.sampled_from("abc"), min_size=48, max_size=48).map(tuple)


@pytest.fixture(scope="module")
def homes() -> Registry:
    return home_registry()


def _tariff(cells: str | tuple[str, ...], weekend: str | tuple[str, ...] = "") -> Tariff:
    """A costs 0.1, b 0.2, c 0.3: a letter for each half hour, or each two hours of twelve."""
    bands = {letter: RATES[n] for n, letter in enumerate("abc", 1)}
    days = [
        tuple(each) if len(each) == 48 else tuple(letter for letter in each for _ in range(4))
        for each in (cells, weekend or cells)
    ]
    return Tariff("T", "EUR", date(2027, 1, 1), None, bands, *days)


def _model(homes: Registry, product: str = "home", country: str = "DE") -> EffectiveModel:
    found = homes.product(product)
    assert found is not None
    return effective_model(homes, found, "", country, None)


def _parameters(found: Schedule) -> dict[str, object]:
    return {key: n for request in found.requests for key, n in request.parameters.items()}


@given(CELLS)
def test_windows_are_the_cheapest_and_the_dearest_half_hours(cells: tuple[str, ...]) -> None:
    found = windows_of(_tariff(cells), "weekday")
    inside = {
        action: {n for w in found if w.action == action for n in range(w.start // 30, w.end // 30)}
        for action in ("charge", "discharge")
    }
    low, high = min(cells), max(cells)
    if low == high:
        assert found == ()
        return
    assert inside["charge"] == {n for n, band in enumerate(cells) if band == low}
    assert inside["discharge"] == {n for n, band in enumerate(cells) if band == high}
    for one, other in pairwise(found):
        assert one.action != other.action or one.end < other.start


def test_bands_of_one_price_are_one_window() -> None:
    tariff = time_of_use()
    same = attrs.evolve(tariff.bands["off_peak"], feed_in=Decimal(0))
    bands = {**tariff.bands, "shoulder": same}
    found = windows_of(attrs.evolve(tariff, bands=bands), "weekday")
    assert [str(window) for window in found] == ["00:00–16:30", "21:00–24:00", "16:30–21:00"]


def test_a_command_is_told_windows_as_its_values_want_them(homes: Registry) -> None:
    found = schedule(_tariff("aabbbbbbbccb"), _model(homes))
    assert found.problems == ()
    assert _parameters(found) == {
        "charge_1_start_hour": 0,
        "charge_1_start_minute": 0,
        "charge_1_end_hour": 4,
        "charge_1_end_minute": 0,
        "charge_2_start_hour": 0,
        "charge_2_start_minute": 0,
        "charge_2_end_hour": 0,
        "charge_2_end_minute": 0,
        "discharge_start": 18,
        "discharge_end": 22,
        "power": 2_500,
    }
    assert [note.where for note in found.notes] == ["inverter enable"]


def test_the_longest_windows_are_kept_and_the_others_named(homes: Registry) -> None:
    found = schedule(_tariff("abaabbabccbc"), _model(homes))
    said = _parameters(found)
    assert (said["charge_1_start_hour"], said["charge_1_end_hour"]) == (0, 2)
    assert (said["charge_2_start_hour"], said["charge_2_end_hour"]) == (4, 8)
    assert (said["discharge_start"], said["discharge_end"]) == (16, 20)
    notes = [str(note) for note in found.notes]
    assert any("12:00–14:00 is left out: the device knows 2 windows" in note for note in notes)
    assert any("22:00–23:00 is left out: the device knows 1 windows" in note for note in notes)


def test_windows_get_shorter_rather_than_reach_into_another_price(homes: Registry) -> None:
    cells = ("a",) * 5 + ("b",) * 30 + ("c",) * 13
    found = schedule(_tariff(cells), _model(homes))
    said = _parameters(found)
    assert (said["charge_1_end_hour"], said["charge_1_end_minute"]) == (2, 30)
    assert (said["discharge_start"], said["discharge_end"]) == (18, 23)
    (note, *_) = found.notes
    assert "17:30–24:00 becomes 18:00–23:00" in note.what


def test_a_window_that_no_whole_hour_fits_into_is_left_out(homes: Registry) -> None:
    found = schedule(_tariff(("a",) * 35 + ("c",) + ("a",) * 12), _model(homes))
    assert _parameters(found)["discharge_end"] == 0
    assert "17:30–18:00 is left out" in found.notes[0].what


def test_other_windows_on_other_days_are_said(homes: Registry) -> None:
    tariff = _tariff("aabbbbbbbccb", "aaabbbbbbccb")
    weekday = schedule(tariff, _model(homes))
    weekend = schedule(tariff, _model(homes), "weekend")
    assert _parameters(weekday)["charge_1_end_hour"] == 4
    assert _parameters(weekend)["charge_1_end_hour"] == 6
    assert any("has other windows on a weekend" in note.what for note in weekday.notes)
    assert any("has other windows on a weekday" in note.what for note in weekend.notes)


def test_why_there_is_nothing_to_tell_is_said(homes: Registry) -> None:
    flat = fixed("Flat", "EUR", RATES[1], date(2027, 1, 1))
    (problem,) = schedule(flat, _model(homes)).problems
    assert "has one buying price" in problem.what
    blunt = schedule(time_of_use(), _model(homes, "blunt"))
    assert blunt.requests == ()
    assert [p.what for p in blunt.problems] == [
        f"Blunt has no command with windows to {action} a battery in"
        for action in ("charge", "discharge")
    ]
    abroad = schedule(time_of_use(), _model(homes, country="US"))
    assert abroad.requests == ()
    assert [(p.where, p.hint) for p in abroad.problems] == [
        (f"inverter set_{action}", "not sold in US, only in DE, AU")
        for action in ("charging", "discharging")
    ]


@given(CELLS)
async def test_whatever_the_tariff_what_is_requested_can_be_encoded(cells: tuple[str, ...]) -> None:
    """As the dry run checks it; the built-in models that know windows are among them."""
    for model in MODELS:
        found = schedule(_tariff(cells), model)
        for request in found.requests:
            part = model.system.parts[request.slot]
            checked = check(part, part.commands[request.name], request.parameters)
            assert checked.problems == ()
            assert checked.frame


async def test_a_dry_run_shows_what_would_change(database: Database, homes: Registry) -> None:
    model = _model(homes)
    found = schedule(time_of_use(), model)
    async with database.read() as connection:
        shown = [await dry_run(connection, model.system, 1, each) for each in found.requests]
    assert all(each.frame and not each.problems for each in shown)
    changes = {change.key: change.new for each in shown for change in each.changes}
    assert (changes["charge_2_start_hour"], changes["charge_2_end_hour"]) == (21, 24)
    assert changes["discharge_start"] == 17


def test_models_that_ship_say_their_windows() -> None:
    told = {
        model.system.product.id: [
            (request.name, *request.parameters.values())
            for request in schedule(_tariff("aabbbbbbbccb"), model).requests
        ]
        for model in MODELS
    }
    assert told["smile5"] == [
        ("set_charge_period", 0, 4, 0, 0),
        ("set_charge_period_minutes", 0, 0, 0, 0),
        ("set_discharge_period", 18, 22, 0, 0),
        ("set_discharge_period_minutes", 0, 0, 0, 0),
    ]
    assert told["solis-hybrid"] == [
        ("set_timed_charge_period", 0, 0, 4, 0),
        ("set_timed_discharge_period", 18, 0, 22, 0),
    ]


def _models() -> list[EffectiveModel]:
    shipped, homes = load(strict=True), home_registry()
    found = [(homes, "home"), (shipped, "smile5"), (shipped, "solis-hybrid")]
    return [_model(registry, product) for registry, product in found]


MODELS = _models()
