"""The simulated house: its days look like days, and nothing is made or lost in it."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.simulation.house import Flow, House
from core.simulation.sky import Place, Weather, clear_sky, place_of, places, sine_of_elevation

BERLIN, SYDNEY = "Europe/Berlin", "Australia/Sydney"
JUNE, DECEMBER = datetime(2026, 6, 21, tzinfo=UTC), datetime(2026, 12, 21, tzinfo=UTC)


def flow(house: House | None = None, zone: str = BERLIN, seed: str = "SIM00000001") -> Flow:
    weather = Weather(place_of(zone), seed)
    return Flow(house or House(), weather, zone, random.Random(seed))


def day(flow: Flow, begin: datetime) -> list[dict[str, float]]:
    """The readings of a day, every five minutes."""
    found = []
    for n in range(288):
        flow.advance(begin + timedelta(minutes=5 * n), begin + timedelta(minutes=5 * (n + 1)))
        found.append(dict(flow.readings))
    return found


def test_zones_have_their_places():
    berlin, sydney = place_of(BERLIN), place_of(SYDNEY)
    assert (berlin.latitude, berlin.longitude) == pytest.approx((52.5, 13.37), abs=0.01)
    assert (sydney.latitude, sydney.longitude) == pytest.approx((-33.87, 151.22), abs=0.01)
    assert place_of("UTC") == Place(0, 0)
    assert len(places()) > 300


@pytest.mark.parametrize(
    ("zone", "moment", "degrees"),
    [
        # noon of the solstices: 90 - latitude ± 23.44
        (BERLIN, JUNE.replace(hour=11, minute=8), 60.9),
        (BERLIN, DECEMBER.replace(hour=11, minute=5), 14.1),
        (SYDNEY, DECEMBER.replace(hour=1, minute=53), 79.6),
    ],
)
def test_the_sun_stands_where_it_does(zone: str, moment: datetime, degrees: float):
    sine = sine_of_elevation(place_of(zone), moment)
    assert math.degrees(math.asin(sine)) == pytest.approx(degrees, abs=0.7)


def test_light_of_a_clear_sky_is_none_at_night_and_never_more_than_the_suns():
    assert clear_sky(-0.2) == clear_sky(0) == 0
    assert 0 < clear_sky(0.1) < clear_sky(1) < 1361


def test_nights_are_dark_and_seasons_differ():
    summer, winter = day(flow(), JUNE), day(flow(), DECEMBER)
    assert all(reading["pv.power"] == 0 for reading in summer[-6:])
    assert max(reading["pv.power"] for reading in summer) > 1500
    clear = [sum(clear_sky(sine_of_elevation(place_of(BERLIN), begin + timedelta(minutes=5 * n)))
                 for n in range(288)) for begin in (JUNE, DECEMBER)]  # fmt: skip
    assert clear[0] > 5 * clear[1]
    assert sum(r["load.power"] for r in winter) > sum(r["load.power"] for r in summer)


def test_it_is_summer_in_december_in_the_south():
    south = Weather(place_of(SYDNEY), "x")
    assert south.temperature(DECEMBER) > south.temperature(JUNE)
    north = Weather(place_of(BERLIN), "x")
    assert north.temperature(DECEMBER) < north.temperature(JUNE)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.text("ABC0123456789", min_size=8, max_size=8),
    days=st.integers(-2000, 2000),
    storage=st.sampled_from([0, 5, 10]),
    seconds=st.lists(st.floats(0, 4000), min_size=1, max_size=20),
)
def test_energy_is_neither_made_nor_lost(
    seed: str, days: int, storage: float, seconds: list[float]
):
    played, now = flow(House(storage=storage), seed=seed), JUNE + timedelta(days=days)
    before, soc = dict(played.counters), played.soc
    for step in seconds:
        played.advance(now, now := now + timedelta(seconds=step))
        said = played.readings
        assert said["load.power"] > 0 <= said["pv.power"]
        balance = said["pv.power"] + said["grid.power"] - said["load.power"] - said["battery.power"]
        assert balance == pytest.approx(0, abs=1e-6)
        assert 9.99 <= played.soc <= 98.01
        assert all(played.counters[name] >= count for name, count in before.items())
        before = dict(played.counters)
    if not storage:
        assert played.soc == soc


def test_the_same_seed_is_the_same_day_whatever_the_steps():
    once, often = flow(), flow()
    once.advance(JUNE, JUNE + timedelta(hours=12))
    for n in range(720):
        often.advance(JUNE + timedelta(minutes=n), JUNE + timedelta(minutes=n + 1))
    assert once.counters["pv.energy"] == pytest.approx(often.counters["pv.energy"], rel=1e-6)
    assert once.soc == pytest.approx(often.soc, abs=0.01)


def test_a_car_is_charged_on_most_evenings():
    charged = 0
    for n in range(20):
        begin = JUNE + timedelta(days=n)
        charged += any(r["charger.power"] for r in day(flow(House(charger=7400)), begin))
    assert 8 <= charged <= 18
