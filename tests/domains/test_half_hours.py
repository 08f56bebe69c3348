"""Half hours of the wall clock: none lost, none twice, whatever the clock does."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.runtime.database import Database
from core.telemetry.fold import BUCKET
from core.telemetry.half_hours import HALF_HOURS, Day, HalfHours, clock, day_of, packed, unpacked
from core.telemetry.periods import day
from tests.homes import KEYS, home_registry, write_rollups

BERLIN = "Europe/Berlin"
REGISTRY = home_registry()
HOME = REGISTRY.system(REGISTRY.products["home", "1.0.0"])
NUMBERS = count(1)
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
"""When Berlin puts its clock forward and back."""
ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "Australia/Adelaide",
        "Australia/Lord_Howe",
        "America/St_Johns",
        "America/Havana",
        "Africa/Cairo",
        "Africa/Casablanca",
        "Atlantic/Azores",
        "Asia/Kathmandu",
        "Asia/Beirut",
        "Pacific/Chatham",
        "Pacific/Apia",
        "UTC",
        "",
    ]
)
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@given(ZONES, DAYS)
def test_every_five_minutes_lie_in_the_half_hour_that_the_clock_shows(zone: str, of: date) -> None:
    found = list(clock(of, zone))
    begin, end = day(of, zone)
    assert [start for start, _ in found] == list(range(begin, end, BUCKET))
    for start, n in found:
        for moment in (start, start + BUCKET - 1):
            shown = datetime.fromtimestamp(moment / 1000, ZoneInfo(zone or "UTC"))
            assert shown.date() == of
            assert n == (60 * shown.hour + shown.minute) // 30


@given(ZONES, DAYS)
def test_days_follow_each_other_without_a_gap(zone: str, of: date) -> None:
    *_, (last, _) = clock(of, zone)
    (first, _), *_ = clock(of + timedelta(1), zone)
    assert first == last + BUCKET


@pytest.mark.parametrize(
    ("zone", "of", "left_out", "twice"),
    [
        ("Europe/Berlin", SPRING, {4, 5}, set()),
        ("Europe/Berlin", AUTUMN, set(), {4, 5}),
        ("Australia/Adelaide", date(2027, 10, 3), {4, 5}, set()),
        ("Australia/Adelaide", date(2027, 4, 4), set(), {4, 5}),
        ("Australia/Lord_Howe", date(2027, 10, 3), {4}, set()),
        ("Australia/Lord_Howe", date(2027, 4, 4), set(), {3}),
        ("Africa/Cairo", date(2027, 4, 30), {0, 1}, set()),
        ("Asia/Kathmandu", date(2027, 3, 28), set(), set()),
    ],
)
def test_the_clock_leaves_half_hours_out_or_shows_them_twice(
    zone: str, of: date, left_out: set[int], twice: set[int]
) -> None:
    shown = [n for _, n in clock(of, zone)]
    counts = {n: shown.count(n) for n in range(HALF_HOURS)}
    assert {n for n, count in counts.items() if count == 0} == left_out
    assert {n for n, count in counts.items() if count == 12} == twice
    assert set(counts.values()) <= {0, 6, 12}


@given(st.sampled_from([SPRING, AUTUMN, date(2027, 6, 1)]), st.data())
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_no_energy_is_lost_or_counted_twice(
    database: Database, of: date, data: st.DataObject
) -> None:
    """The half hours of a flow add up to the day, and each is what its five minutes hold."""
    shown = dict(clock(of, BERLIN))
    heard = data.draw(st.sets(st.sampled_from(sorted(shown)), min_size=1, max_size=30))
    wh = {start: {key: data.draw(st.integers(0, 2_000)) for key in KEYS} for start in heard}
    made = await _made(database, of, wh)
    for flow, keys in (
        (made.half_hours.purchase, ("imported", "")),
        (made.half_hours.feed_in, ("exported", "")),
        (made.half_hours.own, ("used", "imported")),
    ):
        right = [0] * HALF_HOURS
        for start, each in wh.items():
            right[shown[start]] += each[keys[0]] - each.get(keys[1], 0)
        assert flow == tuple(right)
    energy = made.energy
    assert energy.purchase == pytest.approx(sum(made.half_hours.purchase or ()) / 1000)
    assert (made.heard, made.expected) == (len(heard), len(shown))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20), st.integers(1, 9))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_parts_of_a_watt_hour_are_not_lost(
    database: Database, thousandths: list[int], step: int
) -> None:
    """Meters that count less than a Wh: the sum is that of the day, rounded once."""
    starts = [start for start, _ in clock(AUTUMN, BERLIN)][:: 2 * step]
    wh = {a: {"imported": n / 1000} for a, n in zip(starts, thousandths, strict=False)}
    made = await _made(database, AUTUMN, wh)
    assert made.half_hours.purchase is not None
    whole = sum(each["imported"] for each in wh.values())
    assert abs(sum(made.half_hours.purchase) - whole) <= 0.5 + 1e-6


async def test_what_nothing_tells_is_not_known(database: Database) -> None:
    start = day(SPRING, BERLIN)[0]
    alone = await _made(database, SPRING, {start: {"imported": 5}})
    assert (alone.half_hours.purchase or ())[0] == 5
    assert (alone.half_hours.feed_in, alone.half_hours.own) == (None, None)
    silent = await _made(database, SPRING, {})
    assert silent.half_hours == HalfHours()


async def test_without_a_meter_of_the_load_the_balance_tells(database: Database) -> None:
    start = day(SPRING, BERLIN)[0]
    wh = {"pv": 900, "discharged": 100, "charged": 300, "imported": 50, "exported": 200}
    made = await _made(database, SPRING, {start: wh, start + BUCKET: {"charged": 700}})
    assert (made.half_hours.own or ())[0] == 900 + 100 - 300 - 200 - 700


def test_half_hours_are_kept_as_they_are() -> None:
    found = HalfHours(tuple(range(HALF_HOURS)), None, tuple(range(-HALF_HOURS, 0)))
    assert unpacked(packed(found)) == found


async def _made(database: Database, of: date, wh: Mapping[int, Mapping[str, float]]) -> Day:
    """The day of a home in Berlin whose counters grew so."""
    system_id = next(NUMBERS)
    grown = {start: {k: n / 1000 for k, n in each.items()} for start, each in wh.items()}
    async with database.begin() as connection:
        await write_rollups(connection, system_id, grown)
        return await day_of(connection, system_id, HOME, of, BERLIN)
