"""Profit is what a slow and obvious sum over five minutes says, to the last digit."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from core.access import PLATFORM, Access, AccessError
from core.accounts.roles import grants_of
from core.fleet import scope
from core.records import RequestError
from core.runtime.daily import Daily
from core.runtime.database import Database
from core.tariffs import plans
from core.tariffs.profit import Flows, Money, Profit, profits, profits_of_hours
from core.tariffs.tariff import Rate, Tariff, fixed
from core.telemetry import stale
from core.telemetry.fold import BUCKET
from core.telemetry.periods import DAY, day
from core.telemetry.tables import days
from tests.homes import KEYS, START, build, home_registry, time_of_use, write_rollups

NUMBERS = count(1)
Wh = Mapping[int, Mapping[str, int]]
"""What counters grew by, by bucket and key."""
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
ZONES = ["Europe/Berlin", "Australia/Adelaide", "Australia/Lord_Howe", "Asia/Kathmandu"]
FLAT = fixed("Flat", "AUD", Rate(Decimal("0.3001"), Decimal("0.0799")), date(2027, 10, 20))
PLANS = (time_of_use(date(2027, 1, 1), date(2027, 10, 3)), FLAT)
"""From one currency to another, and a fortnight without a price between."""


@given(
    zone=st.sampled_from(ZONES),
    first=st.sampled_from([date(2027, 3, 27), date(2027, 4, 3), date(2027, 10, 2), AUTUMN]),
    data=st.data(),
)
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a home takes too long to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_profit_is_the_sum_of_its_five_minutes(
    database: Database, zone: str, first: date, data: st.DataObject
) -> None:
    last = first + timedelta(2)
    buckets = range(day(first, zone)[0], day(last, zone)[1], BUCKET)
    heard = data.draw(st.sets(st.sampled_from(buckets), min_size=1, max_size=40))
    wh = {start: {k: data.draw(st.integers(0, 3_000)) for k in KEYS} for start in heard}
    sn = await _home(database, zone, PLANS, wh)
    async with database.read() as connection:
        for step in ("day", "month", "year"):
            found = await profits(connection, PLATFORM, sn, first, last, step=step)
            assert found == _slowly(wh, zone, PLANS, step)
        hours = [
            each
            for of in (first, first + timedelta(1), last)
            for each in await profits_of_hours(connection, PLATFORM, sn, of)
        ]
    right = {
        (each.first, each.hour): _without_zeros(each) for each in _slowly(wh, zone, PLANS, "hour")
    }
    for each in hours:
        assert _without_zeros(each) == right.get((each.first, each.hour), _none(each))


def _slowly(wh: Wh, zone: str, tariffs: Iterable[Tariff], step: str) -> list[Profit]:
    """Bucket by bucket, in Decimals."""
    money: dict[tuple[date, int | None], dict[str, list[Decimal]]] = defaultdict(dict)
    unpriced: dict[tuple[date, int | None], list[int]] = {}
    for start, grown in sorted(wh.items()):
        shown = datetime.fromtimestamp(start / 1000, ZoneInfo(zone))
        first = shown.date()
        if step == "month":
            first = first.replace(day=1)
        if step == "year":
            first = date(first.year, 1, 1)
        at = (first, shown.hour if step == "hour" else None)
        by_currency = money[at]
        flows = [grown["imported"], grown["exported"], grown["used"] - grown["imported"]]
        for tariff in tariffs:
            if tariff.holds_on(shown.date()):
                cells = tariff.weekend if shown.isoweekday() > 5 else tariff.weekday
                rate = tariff.bands[cells[shown.hour * 2 + (shown.minute >= 30)]]
                prices = [rate.buy, rate.feed_in, rate.buy]
                sums = by_currency.setdefault(tariff.currency, [Decimal(0)] * 3)
                for n in range(3):
                    sums[n] += Decimal(flows[n]) / 1000 * prices[n]
                break
        else:
            sums = unpriced.setdefault(at, [0, 0, 0])
            for n in range(3):
                sums[n] += flows[n]
    return [
        Profit(
            first,
            hour,
            tuple(Money(currency, *sums) for currency, sums in sorted(by_currency.items())),
            Flows(*(wh / 1000 for wh in unpriced[first, hour])) if (first, hour) in unpriced
            else Flows(),
        )
        for (first, hour), by_currency in sorted(money.items(), key=lambda each: each[0])
    ]  # fmt: skip


def _without_zeros(found: Profit) -> Profit:
    """An hour in which nothing was heard tells of nothing."""
    kept = tuple(m for m in found.money if any((m.cost, m.income, m.saved)))
    flows = found.unpriced
    unpriced = flows if any((flows.purchase, flows.feed_in, flows.own)) else Flows()
    return attrs.evolve(found, money=kept, unpriced=unpriced)


def _none(of: Profit) -> Profit:
    return Profit(of.first, of.hour, (), Flows())


async def test_the_hour_that_is_left_out_costs_nothing_and_the_doubled_one_twice(
    database: Database,
) -> None:
    for of, kwh in ((SPRING, 23), (AUTUMN, 25)):
        begin, end = day(of, "Europe/Berlin")
        wh = {start: dict.fromkeys(KEYS, 1_000) for start in range(begin, end, 12 * BUCKET)}
        sn = await _home(database, "Europe/Berlin", [attrs.evolve(FLAT, valid_from=SPRING)], wh)
        async with database.read() as connection:
            (whole,) = await profits(connection, PLATFORM, sn, of, of, step="day")
            hours = await profits_of_hours(connection, PLATFORM, sn, of)
        (money,) = whole.money
        assert money.cost == kwh * Decimal("0.3001")
        costs = [each.money[0].cost for each in hours]
        assert costs[2] == (kwh - 23) * Decimal("0.3001")
        assert len(costs) == 24
        assert sum(filter(None, costs)) == money.cost


async def test_charging_from_the_grid_is_paid_for_once_and_saves_later(database: Database) -> None:
    """10 kWh bought at 0.1 and used at 0.4321 bring the difference, whatever the bars say."""
    of = date(2027, 1, 4)
    night, evening = (day(of, "UTC")[0] + hour * 12 * BUCKET for hour in (2, 18))
    wh = {
        night: {"imported": 10_000, "used": 0, "charged": 10_000, "exported": 0},
        evening: {"imported": 0, "used": 10_000, "discharged": 10_000, "exported": 0},
    }
    sn = await _home(database, "UTC", [time_of_use()], wh)
    async with database.read() as connection:
        ((money,),) = [
            each.money for each in await profits(connection, PLATFORM, sn, of, of, step="day")
        ]
    assert (money.cost, money.income) == (1, 0)
    assert money.saved == Decimal("4.321") - 1


async def test_a_change_of_prices_counts_at_once(database: Database) -> None:
    of = date(2027, 1, 4)
    sn = await _home(database, "UTC", [FLAT], {day(of, "UTC")[0]: dict.fromkeys(KEYS, 2_000)})
    async with database.begin() as connection:
        (before,) = await profits(connection, PLATFORM, sn, of, of, step="year")
        assert (before.money, before.unpriced) == ((), Flows(2, 2, 0))
        record = await scope.by_sn(connection, PLATFORM, sn)
        assert record is not None
        (plan,) = await plans.of_system(connection, record.id)
        earlier = attrs.evolve(FLAT, valid_from=of)
        await plans.edit(connection, PLATFORM, plan.id, earlier, version=1, now=START)
        (after,) = await profits(connection, PLATFORM, sn, of, of, step="year")
    assert after.money == (Money("AUD", Decimal("0.6002"), Decimal("0.1598"), Decimal(0)),)
    assert after.unpriced == Flows()


async def test_days_without_half_hours_are_unpriced(database: Database) -> None:
    """Made by an earlier version, until the worker has made them anew."""
    of = date(2027, 1, 4)
    wh = {day(of, "UTC")[0]: {**dict.fromkeys(KEYS, 1_000), "used": 3_500}}
    sn = await _home(database, "UTC", [time_of_use()], wh)
    async with database.begin() as connection:
        await connection.execute(update(days).values(half_hours=None))
        (found,) = await profits(connection, PLATFORM, sn, of, of, step="day")
        assert (found.money, found.unpriced) == ((), Flows(1, 1, 2.5))
        assert await profits_of_hours(connection, PLATFORM, sn, of) == []


async def test_what_is_not_counted_is_not_known(database: Database) -> None:
    of = date(2027, 1, 4)
    sn = await _home(database, "UTC", [time_of_use()], {day(of, "UTC")[0]: {"imported": 1_000}})
    async with database.read() as connection:
        ((money,),) = [
            each.money for each in await profits(connection, PLATFORM, sn, of, of, step="day")
        ]
        assert money == Money("EUR", Decimal("0.1"), None, None)
        empty = await profits(
            connection, PLATFORM, sn, date(2026, 1, 1), date(2026, 12, 31), step="day"
        )
    assert empty == []


async def test_profit_is_for_those_who_see_the_system(database: Database) -> None:
    of = date(2027, 1, 4)
    sn = await _home(database, "UTC", [], {})
    ben = Access(5, "ben", "B", 77, grants_of("B", ["administrator"]))
    async with database.read() as connection:
        with pytest.raises(RequestError, match="there is no system"):
            await profits(connection, ben, sn, of, of, step="day")
        nobody = attrs.evolve(ben, grants=frozenset({"systems:read"}))
        with pytest.raises(AccessError, match="tariffs:read"):
            await profits_of_hours(connection, nobody, sn, of)


async def _home(database: Database, zone: str, tariffs: Iterable[Tariff], wh: Wh) -> str:
    """The serial number of a home with these tariffs, whose days the worker has made."""
    sn = f"PROFIT{next(NUMBERS):06}"
    grown = {start: {key: n / 1000 for key, n in each.items()} for start, each in wh.items()}
    async with database.begin() as connection:
        record, site = await build(connection, sn, zone)
        for tariff in tariffs:
            await plans.create(connection, PLATFORM, site.id, tariff, now=START)
        await write_rollups(connection, record.id, grown)
        await stale.mark(connection, {stale.stale_day(record.id, each) for each in wh}, START)
    await Daily(home_registry(), database, lambda: START + DAY).work()
    return sn
