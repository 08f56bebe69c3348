"""Days follow from the roll-ups, whatever came in which order, and the fleet's sums from them."""

import asyncio
from datetime import date, timedelta
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_by
from hypothesis import strategies as st
from sqlalchemy import text

from core.access import PLATFORM, Access
from core.fleet import systems
from core.fleet.systems import Registration
from core.runtime.daily import Daily
from core.runtime.transport import Message
from core.telemetry import day_sums, fleet_hours, stale
from core.telemetry.curves import energy_of_days
from core.telemetry.days import FleetTotal, fleet_sum, fleet_totals, months, system_days, years
from core.telemetry.periods import day, site_days
from tests.devices import frame, meters
from tests.ingest.bench import HOUR, Bench

ZONE = "Europe/Berlin"
FIRST, LAST = date(2027, 3, 26), date(2027, 4, 2)
"""A week around the day with 23 hours."""
MIDNIGHT = day(FIRST, ZONE)[0]
NUMBERS = count(1)
SOON = 10 * 60_000


async def _system(bench: Bench, zone: str = ZONE) -> tuple[str, int]:
    sn = f"DAYS{next(NUMBERS):08}"
    async with bench.database.begin() as connection:
        given = Registration(sn, "bench", timezone=zone)
        record = await systems.register(connection, bench.ingest.registry, given, MIDNIGHT)
    bench.now = day(LAST, ZONE)[1] + 24 * HOUR
    return sn, record.id


def _sent(sn: str, hours: int, pv: int) -> Message:
    """A frame of the meters so many hours after the first midnight."""
    body = meters(pv, 100)
    time = MIDNIGHT + hours * HOUR
    return frame(hours + 1, body, sn=sn, channel="meters", device_time=time, late=True)


async def _make(bench: Bench) -> int:
    return await Daily(bench.ingest.registry, bench.database, lambda: bench.now + SOON).work()


async def _agree(bench: Bench, system_id: int, zone: str = ZONE) -> list[FleetTotal]:
    """Rows are what `energy_of_days` says, and the fleet's sums what the rows add up to."""
    model = bench.ingest.registry.system(bench.ingest.registry.products["bench", "1.0.0"])
    period = (FIRST - timedelta(2), LAST + timedelta(2))
    async with bench.database.read() as connection:
        right = await energy_of_days(connection, system_id, model, period, zone)
        rows = {each.first: each for each in await system_days(connection, system_id, *period)}
        fleet = await fleet_totals(connection, PLATFORM, *period)
        added = await fleet_sum(connection, PLATFORM, *period)
        assert (added is None) == (not fleet)
        if added is not None:
            assert added.generation == pytest.approx(sum(each.generation for each in fleet))
            assert (added.first, added.last) == (fleet[0].day, fleet[-1].day)
        stale = (await connection.execute(text("SELECT count(*) FROM stale_days"))).scalar_one()
        sums = await connection.execute(
            text(
                "SELECT company_id, day, "
                "sum(round(CAST(1000 * coalesce(generation, 0) AS numeric))), count(*) "
                "FROM days GROUP BY company_id, day"
            )
        )
        kept = await connection.execute(
            text(
                "SELECT company_id, day, generation, systems FROM fleet_days "
                "WHERE company_id >= 0 AND systems > 0"
            )
        )
        assert {tuple(map(int, each)) for each in sums} == {tuple(each) for each in kept}
    assert stale == 0
    for n, each in enumerate(right):
        row = rows.get(period[0] + timedelta(n))
        known = (each.generation, each.charged)
        assert known == ((row.generation, row.charged) if row else (None, None))
        assert row is None or row.expected * 300_000 == each.end - each.start
    assert any(each.generation for each in right)
    return fleet


async def test_days_are_those_of_the_site(bench: Bench) -> None:
    sn, id_ = await _system(bench)
    await bench.take(*(_sent(sn, hours, 1000 + 10 * hours) for hours in range(0, 150, 3)))
    assert await _make(bench) > 0
    fleet = await _agree(bench, id_)
    async with bench.database.read() as connection:
        rows = await system_days(connection, id_, FIRST, LAST)
        by_month = await months(connection, id_, FIRST, LAST)
        (year,) = await years(connection, id_, FIRST, LAST)
    short = next(each for each in rows if each.first == date(2027, 3, 28))
    assert (short.heard, short.expected) == (8, 276)
    assert [each.first for each in by_month] == [date(2027, 3, 1), date(2027, 4, 1)]
    assert year.generation == pytest.approx(1.47)
    assert [each.systems for each in fleet] == [1] * len(rows)
    assert await _make(bench) == 0


async def test_late_data_corrects_days(bench: Bench) -> None:
    sn, id_ = await _system(bench)
    await bench.take(_sent(sn, 0, 1000), _sent(sn, 90, 3000))
    await _make(bench)
    await _agree(bench, id_)
    await bench.take(_sent(sn, 30, 2000))
    async with bench.database.read() as connection:
        before = await system_days(connection, id_, FIRST, LAST)
    await _make(bench)
    await _agree(bench, id_)
    async with bench.database.read() as connection:
        after = await system_days(connection, id_, FIRST, LAST)
    assert [each.generation for each in before] == [0, 2]
    assert [each.generation for each in after] == [0, 1, 1]


@given_by(st.permutations(range(0, 120, 12)), st.lists(st.integers(1, 9), max_size=3))
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_order_makes_the_same_days(
    bench: Bench, order: list[int], cuts: list[int]
) -> None:
    sn, id_ = await _system(bench)
    edges = [0, *sorted(cuts), len(order)]
    for a, b in pairwise(edges):
        if a < b:
            await bench.take(*(_sent(sn, hours, 1000 + hours) for hours in order[a:b]))
            await _make(bench)
    await _agree(bench, id_)


async def test_a_killed_job_leaves_everything_to_do(bench: Bench) -> None:
    sn, id_ = await _system(bench)
    await bench.take(_sent(sn, 0, 1000), _sent(sn, 30, 2000))
    marks = await bench.count("stale_days")
    with pytest.raises(asyncio.CancelledError):
        await _make_and_die(bench, id_)
    assert (await bench.count("days"), await bench.count("stale_days")) == (0, marks)
    await _make(bench)
    await _agree(bench, id_)


async def _make_and_die(bench: Bench, system_id: int) -> None:
    """Everything but the commit."""
    async with bench.database.begin() as connection:
        now = bench.now + SOON
        made = await day_sums.make(connection, bench.ingest.registry, [system_id], now)
        assert made.days
        raise asyncio.CancelledError


async def test_two_workers_count_a_day_once(bench: Bench) -> None:
    made = [await _system(bench) for _ in range(6)]
    await bench.take(*(_sent(sn, h, 1000 + h) for sn, _ in made for h in (0, 30, 60)))
    await asyncio.gather(_make(bench), _make(bench), _make(bench))
    await _make(bench)
    for _, id_ in made:
        fleet = await _agree(bench, id_)
        assert {each.systems for each in fleet} == {6}


async def test_days_follow_their_system_to_another_company_and_zone(bench: Bench) -> None:
    sn, id_ = await _system(bench)
    await bench.take(*(_sent(sn, hours, 1000 + 10 * hours) for hours in range(0, 100, 3)))
    await _make(bench)
    for change, zone in (
        ("company_id = 7", ZONE),
        ("company_id = 8, timezone = 'Pacific/Auckland'", "Pacific/Auckland"),
        ("timezone = 'America/Los_Angeles'", "America/Los_Angeles"),
    ):
        async with bench.database.begin() as connection:
            await connection.execute(
                text(f"UPDATE systems SET {change} WHERE id = :id"), {"id": id_}
            )
        await _make(bench)
        await _agree(bench, id_, zone)
    seven, eight = (Access(1, "b", "B", company, frozenset({"systems:read"})) for company in (7, 8))
    async with bench.database.read() as connection:
        assert await fleet_totals(connection, seven, FIRST - timedelta(2), LAST) == []
        totals = await fleet_totals(connection, eight, FIRST - timedelta(2), LAST)
    assert sum(each.generation for each in totals) == pytest.approx(0.99)


async def test_the_last_hours_are_those_of_the_days(bench: Bench) -> None:
    sn, _ = await _system(bench, "Asia/Kolkata")
    last = (bench.now - MIDNIGHT) // HOUR
    await bench.take(*(_sent(sn, hours, 1000 + 10 * hours) for hours in range(last - 60, last)))
    await _make(bench)
    seven = Access(1, "b", "B", 7, frozenset({"systems:read"}))
    for company, hours in (("NULL", 0), ("7", 23)):
        async with bench.database.begin() as connection:
            await connection.execute(text(f"UPDATE systems SET company_id = {company}"))
        await _make(bench)
        async with bench.database.read() as connection:
            found = await fleet_hours.last_hours(connection, PLATFORM, bench.now)
            assert len(await fleet_hours.last_hours(connection, seven, bench.now)) == hours
        assert [each.systems for each in found] == [1] * 23
        assert [each.generation for each in found] == [pytest.approx(0.01)] * 23
    await bench.take(_sent(sn, last, 1000 + 10 * last + 500))
    await _make(bench)
    async with bench.database.begin() as connection:
        found = await fleet_hours.last_hours(connection, PLATFORM, bench.now)
        assert found[-1].generation == pytest.approx(0.51)
        await fleet_hours.forget(connection, bench.now + 5 * 24 * HOUR)
        assert await fleet_hours.last_hours(connection, PLATFORM, bench.now) == []


async def test_a_change_meanwhile_keeps_its_mark(bench: Bench) -> None:
    sn, id_ = await _system(bench)
    await bench.take(_sent(sn, 0, 1000))
    async with bench.database.begin() as connection:
        await connection.execute(text("UPDATE stale_days SET mark = mark + 1"))
        marks = await stale.marks_of(connection, id_, bench.now + SOON, 9)
        await stale.clear(connection, {each: number - 1 for each, number in marks.items()})
    assert await bench.count("stale_days") == 1
    await _make(bench)
    assert await bench.count("stale_days") == 0


@given_by(
    st.integers(18_000, 24_000),
    st.sampled_from(["", ZONE, "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe"]),
)
def test_site_days_cover_a_day_of_utc(utc_day: int, zone: str) -> None:
    found = list(site_days(utc_day, zone))
    assert day(found[0], zone)[0] <= utc_day * 24 * HOUR
    assert day(found[-1], zone)[1] >= (utc_day + 1) * 24 * HOUR
