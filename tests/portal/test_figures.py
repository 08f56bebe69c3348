"""The charts of a system: its power, energy, calendar and profit over a period."""

import csv
import gzip
import io
import re
import time
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from litestar.testing import AsyncTestClient
from sqlalchemy import event

from core.access import PLATFORM
from core.accounts import users
from core.host import load
from core.journal import faults
from core.journal.faults import Closed, Opened
from core.runtime.daily import Daily
from core.runtime.database import Database
from core.runtime.settings import Settings
from core.tariffs import plans
from core.telemetry import stale
from core.telemetry.curves import cells_of
from core.telemetry.fold import BUCKET
from core.telemetry.periods import DAY, HOUR, day, days
from portal.app import create_app
from portal.presentation.bars import Kind, Place, bars
from portal.presentation.period import period_of
from tests.homes import START, build, home_registry, time_of_use, write_rollups
from tests.portal import unseen
from tests.portal.conftest import NOW, PASSWORD, Clock, Site

SN = "FIGURE000001"
ZONE = "Europe/Berlin"
LAST = date(2027, 10, 31)
"""The clock goes back on it: it has 25 hours."""
HOURLY = {
    "pv": 0.5, "used": 1.0, "charged": 0.2, "discharged": 0.3, "imported": 0.75, "exported": 0.35,
}  # fmt: skip
UNSEEN = f"/systems/{unseen.SN}"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Site]:
    """A portal whose only system has ten days of energy behind it, and stands at a site."""
    database = Database(f"sqlite:///{tmp_path / 'home.db'}")
    await database.open()
    registry = home_registry()
    await _live(database, 10)
    clock = Clock(day(LAST, ZONE)[1] - HOUR)
    app = create_app(Settings(tmp_path), registry, database, clock=clock, feed=False)
    async with database.begin() as connection:
        token = await users.create_setup_token(connection, clock.now)
    assert token
    await users.set_up(database.begin, token, "ada", PASSWORD, clock.now)
    async with AsyncTestClient(app) as client:
        found = Site(app, client, database, registry, clock)
        await found.sign_in()
        yield found
    await database.close()


async def _live(database: Database, length: int) -> None:
    """Let a home count `HOURLY` each hour of so many days up to LAST."""
    first = LAST - timedelta(length - 1)
    async with database.begin() as connection:
        record, _ = await build(connection, SN, ZONE)
        for of in days(first, LAST):
            hours = range(*day(of, ZONE), HOUR)
            await write_rollups(connection, record.id, dict.fromkeys(hours, HOURLY))
            await stale.mark(connection, {stale.stale_day(record.id, at) for at in hours}, START)
    await Daily(home_registry(), database, lambda: START + 400 * DAY).work()


async def _price(home: Site) -> None:
    async with home.database.begin() as connection:
        found = await plans.site_of(connection, 1)
        assert found is not None
        await plans.create(connection, PLATFORM, found, time_of_use(), now=START)


async def _json(site: Site, path: str):
    answer = await site.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_periods_end_where_the_calendar_says():
    today = date(2026, 3, 1)
    week = period_of("week", date(2026, 1, 1), today)
    assert (week.first, week.last) == (date(2025, 12, 29), date(2026, 1, 4))
    assert (week.previous, week.following) == (
        "range=week&at=2025-12-28", "range=week&at=2026-01-05",
    )  # fmt: skip
    month = period_of("month", date(2024, 2, 29), today)
    assert (month.title, month.last.day) == ("2024-02", 29)
    assert period_of("day", date.max, today).following == ""
    assert period_of("year", date.min, today).previous == ""
    assert len(list(period_of("year", None, today).steps())) == 12


def test_bars_stand_on_zero_and_none_is_no_bar():
    kinds = (Kind("a", "A", "pv"), Kind("b", "B", "grid"))
    assert bars(kinds, [Place("x", "", "", (None, None))]) is None
    chart = bars(kinds, [Place("x", "", "", (4.0, -2.0)), Place("y", "", "", (None, 0.0))])
    assert chart
    up, down = chart.groups[0].bars
    assert up.y + up.height == down.y == chart.zero
    assert up.height == pytest.approx(2 * down.height, abs=0.2)
    assert chart.groups[1].bars == ()


async def test_a_day_has_its_hours_and_the_doubled_one_twice(home: Site):
    found = await _json(home, f"/systems/{SN}/energy.json?range=day&at={LAST}")
    times = [row["time"] for row in found["rows"]]
    assert (len(times), times.count("02:00")) == (25, 2)
    assert found["rows"][7]["generation"] == 0.5


async def test_bars_lead_to_the_next_finer_period(home: Site):
    year = (await home.client.get(f"/systems/{SN}?range=year&at={LAST}")).text
    assert f'href="/systems/{SN}?range=month&amp;at=2027-10-01#charts"' in year
    month = (await home.client.get(f"/systems/{SN}?range=month&at=2027-10-01")).text
    assert f'href="/systems/{SN}?range=day&amp;at=2027-10-30#charts"' in month
    assert "Generation 12.5 kWh" in month
    assert "2027-10-01: Generation –" in month


async def test_the_calendar_links_every_day_that_is_known(home: Site):
    path = f"/systems/{SN}/calendar"
    found = await _json(home, f"{path}.json?at={LAST}")
    assert [each["renewable"] for each in found["days"]] == [0.25] * 10
    page = (await home.client.get(f"{path}?at={LAST}")).text
    assert len(re.findall(r'<a class="share-2"', page)) == 10


async def test_profit_says_why_there_is_none_and_then_what_it_is(home: Site):
    path = f"/systems/{SN}/profit"
    assert "No tariff is set" in (await home.client.get(f"/systems/{SN}")).text
    assert (await _json(home, f"{path}.json?range=month"))["rows"] == []
    await _price(home)
    text = (await home.client.get(f"{path}.csv?range=month&at={LAST}")).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 10
    assert rows[-1] | {"cost": "", "saved": ""} == {
        "time": "2027-10-31", "currency": "EUR", "cost": "", "income": rows[-1]["income"],
        "saved": "", "unpriced_purchase": "", "unpriced_feed_in": "", "unpriced_own": "",
    }  # fmt: skip
    assert float(rows[-1]["cost"]) == pytest.approx(0.75 * (8 * 0.1 + 17 * 0.25))
    assert "EUR" in (await home.client.get(f"{path}?range=day&at={LAST}")).text


async def test_a_day_before_the_tariff_is_not_priced(home: Site):
    await _price(home)
    page = (await home.client.get(f"/systems/{SN}/profit?range=day&at=2026-06-01")).text
    assert "Nothing is priced in this time" in page


async def test_power_has_gaps_and_the_faults_of_the_day(site: Site):
    site.clock.now = NOW + BUCKET
    await site.hear(unseen.frame(roof=1000))
    async with site.database.begin() as connection:
        await faults.note(
            connection,
            [
                Opened(1, "inverter", "dusty", "info", NOW - 40 * DAY),
                Closed(1, "inverter", "dusty", NOW - 30 * DAY),
            ],
        )
    found = await _json(site, f"{UNSEEN}/power.json")
    by_role = {each["role"]: each for each in found["series"]}
    values = by_role["pv.power"]["values"]
    assert len(values) == len(found["time"]) == 288
    assert [v for v in values if v is not None] == [3200, 1000]
    assert by_role["battery.soc"]["unit"] == "%"
    assert by_role["battery.power"]["label"] == "Battery power (+ charging)"
    (span,) = found["faults"]
    assert (span["label"], span["to"]) == ("melting", site.clock.now // 1000)
    page = (await site.client.get(f"{UNSEEN}/power")).text
    assert "<power-chart" in page
    empty = (await site.client.get(f"{UNSEEN}/power?at=2025-01-01")).text
    assert "Nothing was heard on this day" in empty


async def test_the_overview_of_another_kind_of_period_is_refused(site: Site):
    assert (await site.client.get(f"{UNSEEN}?range=decade")).status_code == 400
    assert (await site.client.get(f"{UNSEEN}?at=yesterday")).status_code == 400


async def test_a_full_day_of_curves_is_light(site: Site):
    begin = day(date(2026, 9, 21), ZONE)[0]
    for n in range(287):
        site.clock.now = begin + n * BUCKET + 1000
        await site.hear(unseen.frame(roof=(n * 37) % 9000, cells=(n * 91) % 3000, charge=n * 3))
    await site.sign_in()
    answer = await site.client.get(f"{UNSEEN}/power.json?at=2026-09-21")
    assert sum(v is not None for v in answer.json()["series"][0]["values"]) == 287
    assert len(gzip.compress(answer.content, 6)) <= 15_000


@pytest.mark.parametrize("range_", ["day", "year"])
async def test_an_overview_with_a_year_behind_it_is_quick(home: Site, range_: str):
    """The budget is 100 ms; on a machine that others use, twice that is let pass."""
    await _price(home)
    async with home.database.begin() as connection:
        for of in days(LAST - timedelta(364), LAST - timedelta(10)):
            hours = range(*day(of, ZONE), HOUR)
            await write_rollups(connection, 1, dict.fromkeys(hours, HOURLY))
            await stale.mark(connection, {stale.stale_day(1, at) for at in hours}, START)
    await Daily(home_registry(), home.database, lambda: START + 400 * DAY).work()
    took: list[float] = []
    for _ in range(5):
        begin = time.perf_counter()
        page = await home.client.get(f"/systems/{SN}?range={range_}&at={LAST}")
        took.append(1000 * (time.perf_counter() - begin))
    assert page.text.count("share-2") > 300
    assert min(took) <= 200


async def test_a_day_is_read_without_those_before_it(home: Site):
    """However long the history: each channel is looked up by its own key and the day's span."""
    registry = load()
    system = registry.system(registry.newest["smile5"])
    steps: list[str] = []
    async with home.database.read() as connection:
        said: list[tuple[str, object]] = []

        def heard(_c: object, _k: object, statement: str, given: object, *_: object) -> None:
            said.append((statement, given))

        event.listen(connection.sync_connection, "before_cursor_execute", heard)
        await cells_of(connection, 1, system, day(LAST, ZONE))
        event.remove(connection.sync_connection, "before_cursor_execute", heard)
        for statement, given in said:
            if "FROM rollups" in statement:
                explained = f"EXPLAIN QUERY PLAN {statement}"
                found = await connection.exec_driver_sql(explained, given)
                steps += [row[3] for row in found]
    looks = [each for each in steps if "rollups" in each]
    assert len(looks) > 1
    assert all("channel=? AND bucket>? AND bucket<?" in each for each in looks)
