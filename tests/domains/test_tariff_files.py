"""Tariffs as JSON: there and back, everything wrong at once, and what would change."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from core.records import RequestError
from core.schemas import tariff_schema
from core.tariffs.differences import CellChange, TermChange, difference
from core.tariffs.documents import LARGEST, read, write
from core.tariffs.tariff import DAY_TYPES, Rate, Tariff, fixed
from tests.homes import time_of_use

Document = dict[str, Any]
PRICES = st.decimals(0, 1_000_000, places=4)
NAMES = st.text(min_size=1, max_size=64).filter(lambda text: text.strip() == text)
FIRST = date(2027, 1, 1)


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    names = draw(st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True), min_size=1,
                          max_size=8, unique=True))  # fmt: skip
    bands = {name: Rate(draw(PRICES), draw(PRICES)) for name in names}
    cells = st.lists(st.sampled_from(names), min_size=48, max_size=48).map(tuple)
    first = draw(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
    until = draw(st.none() | st.integers(0, 999).map(lambda n: first + timedelta(n)))
    name = draw(NAMES)
    return Tariff(name, "EUR", first, until, bands, draw(cells), draw(cells))


@given(tariffs())
def test_what_is_written_is_read_again(tariff: Tariff) -> None:
    text = write(tariff)
    assert read(text) == tariff
    assert write(read(text)) == text
    Draft202012Validator(tariff_schema()).validate(json.loads(text))


def test_a_file_is_one_that_people_can_read() -> None:
    document = json.loads(write(time_of_use(FIRST, date(2027, 12, 31))))
    assert document["bands"]["peak"] == {"buy": 0.4321, "feed_in": 0.12}
    assert document["weekend"] == [
        {"start": "00:00", "end": "07:00", "band": "off_peak"},
        {"start": "07:00", "end": "24:00", "band": "shoulder"},
    ]
    flat = json.loads(write(fixed("Flat", "EUR", Rate(Decimal(1), Decimal(0)), FIRST)))
    assert "weekday" not in flat


def test_the_file_in_the_documentation_is_one() -> None:
    text = (Path(__file__).parents[2] / "docs" / "tariffs.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("    ")]
    found = read("\n".join(lines))
    assert (found.currency, found.weekday[33], found.weekend[33]) == ("AUD", "peak", "off_peak")


def _window(start: str, end: str, band: str = "peak") -> Document:
    return {"start": start, "end": end, "band": band}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("currency"), ["tariff: 'currency' is a required property"]),
        (lambda d: d.update(kind="fixed"), ["tariff: Additional properties are not allowed"]),
        (lambda d: d["bands"]["peak"].update(buy="0.4"), ["tariff: bands.peak.buy: '0.4' is not"]),
        (lambda d: d["bands"]["peak"].update(buy=-1), ["tariff: bands.peak.buy: -1 is less"]),
        (lambda d: d["bands"]["peak"].update(buy=0.00001), ["bands.peak.buy: 0.00001 has more"]),
        (lambda d: d["weekday"][0].update(start="00:15"), ["tariff: weekday[0].start: '00:15'"]),
        (lambda d: d.update(currency="EUX"), ["currency: 'EUX' is not a currency"]),
        (lambda d: d.update(valid_from="2027-02-30"), ["valid_from: '2027-02-30' is no day"]),
        (
            lambda d: d["weekday"].append(_window("05:30", "06:30")),
            [
                "weekday[4] 05:30–06:30: overlaps an earlier window of off_peak at 05:30–06:00",
                "weekday[4] 05:30–06:30: overlaps an earlier window of shoulder at 06:00–06:30",
            ],
        ),
        (lambda d: d["weekday"].pop(1), ["weekday 06:00–16:30: has no price"]),
        (
            lambda d: d["weekday"].__setitem__(3, _window("21:00", "06:00")),
            [
                "weekday[3] 21:00–06:00: ends at or before its start",
                "weekday 21:00–24:00: has no price",
            ],
        ),
        (lambda d: d.update(weekend=[]), ["weekend 00:00–24:00: has no price"]),
        (
            lambda d: d["weekend"][0].update(band="night"),
            ["weekend 00:00–07:00: there is no band 'night'"],
        ),
        (
            lambda d: (d.update(currency="EUX", name=" "), d["weekday"].pop(0)),
            ["name: has 0", "currency: 'EUX'", "weekday 00:00–06:00: has no price"],
        ),
    ],
)
def test_everything_wrong_in_a_file_is_said_at_once(
    change: Callable[[Document], object], said: list[str]
) -> None:
    document = json.loads(write(time_of_use()))
    change(document)
    problems = _problems(json.dumps(document))
    assert len(problems) == len(said), problems
    for problem, beginning in zip(problems, said, strict=True):
        assert problem.startswith(beginning), problem


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 40_000,
        '{"name": 1, "name": 2}',
        '{"bands": ' + "9" * 5_000 + "}",
        "x" * (LARGEST + 1),
    ],
)
def test_what_is_no_tariff_at_all_is_refused(text: str) -> None:
    assert _problems(text)


@pytest.mark.parametrize("price", ["NaN", "Infinity", "1e999999999", "1e-999999999"])
def test_prices_that_are_no_numbers_are_refused(price: str) -> None:
    text = write(time_of_use()).replace("0.4321", price)
    (problem,) = _problems(text)
    assert "bands.peak.buy" in problem


def test_a_difference_names_half_hours_that_change_alike() -> None:
    old = time_of_use()
    dearer = attrs.evolve(old.bands["peak"], buy=Decimal("0.5"))
    cells = list(old.weekday)
    cells[40:43] = ["off_peak"] * 3
    new = attrs.evolve(old, name="New", bands={**old.bands, "peak": dearer}, weekday=tuple(cells))
    found = difference(old, new)
    peak, off_peak = old.bands["peak"], old.bands["off_peak"]
    assert found.terms == (TermChange("name", "Time of use", "New"),)
    assert found.cells == (
        CellChange("weekday", 33, 40, ("peak", peak), ("peak", dearer)),
        CellChange("weekday", 40, 42, ("peak", peak), ("off_peak", off_peak)),
    )
    assert str(found.cells[0]) == "weekday 16:30–20:00"


@given(tariffs(), tariffs())
def test_a_difference_turns_one_into_the_other(old: Tariff, new: Tariff) -> None:
    found = difference(old, new)
    for day_type in DAY_TYPES:
        cells = [(band, old.bands[band]) for band in old.cells(day_type)]
        for change in found.cells:
            if change.day_type == day_type:
                assert set(cells[change.start : change.end]) == {change.old}
                assert change.new is not None
                cells[change.start : change.end] = [change.new] * (change.end - change.start)
        assert cells == [(band, new.bands[band]) for band in new.cells(day_type)]
    terms = {change.term: change.new for change in found.terms}
    assert terms.get("valid_from", str(old.valid_from)) == str(new.valid_from)
    assert difference(new, new) == attrs.evolve(found, terms=(), cells=())


def test_against_nothing_everything_is_new() -> None:
    new = time_of_use()
    found = difference(None, new)
    assert [change.term for change in found.terms] == ["name", "currency", "valid_from"]
    assert all(change.old is None for change in found.cells)
    assert sum(change.end - change.start for change in found.cells) == 96


def _problems(text: str) -> list[str]:
    with pytest.raises(RequestError) as refused:
        read(text)
    return [str(problem) for problem in refused.value.problems]
