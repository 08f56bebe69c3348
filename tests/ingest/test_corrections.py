"""Corrections are added where days are made: every reader sees them, and undone they are gone."""

from datetime import date, timedelta
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import func, select

from core.access import PLATFORM, Access
from core.fleet import systems
from core.fleet.systems import Registration
from core.records import RequestError
from core.runtime.daily import Daily
from core.telemetry import corrections, day_sums, rebuild
from core.telemetry.correcting import Added, corrected
from core.telemetry.correction_checks import Wanted
from core.telemetry.correction_effects import effects
from core.telemetry.correction_tables import corrections as table
from core.telemetry.days import fleet_totals, system_days
from core.telemetry.half_hours import unpacked
from core.telemetry.periods import day
from core.telemetry.tables import days, fleet_days, frames
from tests.devices import frame, meters
from tests.ingest.bench import HOUR, Bench

ZONE = "Europe/Berlin"
FIRST, LAST = date(2027, 3, 26), date(2027, 4, 2)
MIDNIGHT = day(FIRST, ZONE)[0]
SN = "CORR00000001"
IDS: dict[str, int] = {}
"""The id of the system, in the database of the test."""
ADA = evolve(PLATFORM, user_id=1, name="ada")
BEN = evolve(PLATFORM, user_id=2, name="ben")


@pytest.fixture
async def week(bench: Bench) -> Bench:
    """A system whose week was made from its frames."""
    async with bench.database.begin() as connection:
        given = Registration(SN, "bench", timezone=ZONE)
        record = await systems.register(connection, bench.ingest.registry, given, MIDNIGHT)
    IDS[SN] = record.id
    bench.now = day(LAST, ZONE)[1] + 24 * HOUR
    for hours in range(0, 150, 3):
        body = meters(1000 + 10 * hours, 100)
        time = MIDNIGHT + hours * HOUR
        await bench.take(
            frame(hours + 1, body, sn=SN, channel="meters", device_time=time, late=True)
        )
    await make(bench)
    return bench


async def make(bench: Bench) -> None:
    later = bench.now + 10 * 60_000
    await Daily(bench.ingest.registry, bench.database, lambda: later).work()


async def ask(bench: Bench, first: date, last: date, kwh: float, figure: str = "generation") -> int:
    async with bench.database.begin() as connection:
        wanted = Wanted(SN, figure, first, last, kwh)
        return await corrections.ask(connection, ADA, wanted, reason="lost", now=bench.now)


async def digest_of(bench: Bench, id_: int) -> str:
    async with bench.database.read() as connection:
        found = await connection.execute(select(table).where(table.c.id == id_))
        return (await corrections.digests(connection, [dict(found.mappings().one())]))[id_]


async def approve(bench: Bench, id_: int, access: Access = BEN, digest: str = "") -> None:
    digest = digest or await digest_of(bench, id_)
    async with bench.database.begin() as connection:
        registry = bench.ingest.registry
        await corrections.approve(connection, registry, access, id_, digest, now=bench.now)


async def undo(bench: Bench, id_: int) -> None:
    async with bench.database.begin() as connection:
        registry = bench.ingest.registry
        await corrections.undo(connection, registry, ADA, id_, reason="wrong", now=bench.now)


async def kept(bench: Bench) -> tuple[Any, ...]:
    """All that is kept of days and of their sums, and how many frames there are."""
    async with bench.database.read() as connection:
        rows = await connection.execute(select(days).order_by(days.c.day))
        sums = await connection.execute(
            select(fleet_days)
            .where(fleet_days.c.systems > 0)
            .order_by(fleet_days.c.company_id, fleet_days.c.day)
        )
        number = await connection.scalar(select(func.count()).select_from(frames))
        return [tuple(row) for row in rows], [tuple(row) for row in sums], number


async def generated(bench: Bench) -> tuple[dict[date, float | None], dict[date, float]]:
    async with bench.database.read() as connection:
        own = await system_days(connection, IDS[SN], FIRST, LAST + timedelta(9))
        fleet = await fleet_totals(connection, PLATFORM, FIRST, LAST + timedelta(9))
    return {d.first: d.generation for d in own}, {d.day: d.generation for d in fleet}


async def test_a_correction_is_in_all_days_and_sums_until_it_is_undone(week: Bench) -> None:
    before, (own, _) = await kept(week), await generated(week)
    id_ = await ask(week, FIRST, FIRST + timedelta(2), 1.0)
    assert await kept(week) == before
    await approve(week, id_)
    after, fleet = await generated(week)
    shares = [0.333, 0.333, 0.334]
    for n, share in enumerate(shares):
        of = FIRST + timedelta(n)
        assert after[of] == pytest.approx((own[of] or 0) + share)
        assert fleet[of] == pytest.approx(after[of])
    assert {of: v for of, v in after.items() if of > FIRST + timedelta(2)} == {
        of: v for of, v in own.items() if of > FIRST + timedelta(2)
    }
    assert (await kept(week))[2] == before[2]
    await undo(week, id_)
    assert await kept(week) == before


async def test_late_frames_and_a_rebuild_keep_it(week: Bench) -> None:
    id_ = await ask(week, FIRST, FIRST, 2.5)
    await approve(week, id_)
    corrected_days = await kept(week)
    registry = week.ingest.registry
    model = registry.system(registry.products["bench", "1.0.0"])
    async with week.database.begin() as connection:
        for key, channel in rebuild.channels_of(IDS[SN], model):
            await rebuild.rebuild(connection, key, channel, day(FIRST, ZONE))
    await make(week)
    assert await kept(week) == corrected_days
    body = meters(1_005, 100)
    time = MIDNIGHT + HOUR
    await week.take(frame(999, body, sn=SN, channel="meters", device_time=time, late=True))
    await make(week)
    own, fleet = await generated(week)
    assert own[FIRST] == pytest.approx(fleet[FIRST])
    assert own[FIRST] is not None
    assert own[FIRST] > 2.5


async def test_a_day_of_which_nothing_was_heard_can_be_corrected(week: Bench) -> None:
    before, silent = await kept(week), LAST + timedelta(5)
    id_ = await ask(week, silent, silent, 4.0, "purchase")
    await approve(week, id_)
    async with week.database.read() as connection:
        (row,) = await system_days(connection, IDS[SN], silent, silent)
        blob = await connection.scalar(
            select(days.c.half_hours).order_by(days.c.day.desc()).limit(1)
        )
    assert (row.purchase, row.heard) == (4.0, 0)
    assert blob is not None
    assert sum(unpacked(blob).purchase or ()) == 4_000
    await undo(week, id_)
    assert await kept(week) == before


async def test_who_asked_does_not_approve_and_only_what_was_shown(week: Bench) -> None:
    id_ = await ask(week, FIRST, FIRST, 1.0)
    with pytest.raises(RequestError, match="cannot approve"):
        await approve(week, id_, ADA)
    shown = await digest_of(week, id_)
    await week.take(
        frame(998, meters(1_020, 100), sn=SN, channel="meters",
              device_time=MIDNIGHT + 23 * HOUR + HOUR // 2, late=True)
    )  # fmt: skip
    async with week.database.begin() as connection:
        await connection.execute(
            days.update().where(days.c.day == (FIRST - date(1970, 1, 1)).days).values(generation=9)
        )
    with pytest.raises(RequestError, match="another than you were shown"):
        await approve(week, id_, digest=shown)
    await approve(week, id_)
    with pytest.raises(RequestError, match="is active"):
        await approve(week, id_, digest=shown)


async def test_overlaps_are_refused_with_both_named(week: Bench) -> None:
    id_ = await ask(week, FIRST, FIRST + timedelta(1), 1.0)
    said = f"2027-03-27 to 2027-04-02 overlaps correction {id_}, 2027-03-26 to 2027-03-27"
    with pytest.raises(RequestError, match=said):
        await ask(week, FIRST + timedelta(1), LAST, 1.0)
    await ask(week, FIRST + timedelta(1), LAST, 1.0, "purchase")
    await ask(week, FIRST + timedelta(2), LAST, 1.0)
    async with week.database.begin() as connection:
        await corrections.refuse(connection, ADA, id_, reason="mine", now=week.now)
    await ask(week, FIRST, FIRST + timedelta(1), 1.0)


@pytest.mark.parametrize(
    ("first", "last", "kwh", "figure", "where"),
    [
        (LAST, FIRST, 1.0, "generation", "last"),
        (FIRST, FIRST + timedelta(92), 1.0, "generation", "last"),
        (FIRST, LAST, 0.0, "generation", "kwh"),
        (FIRST, FIRST, -50.0, "generation", "kwh"),
        (FIRST, LAST, 1.0, "happiness", "figure"),
    ],
)
async def test_what_cannot_be_corrected(  # noqa: PLR0917  a row of the table
    week: Bench, first: date, last: date, kwh: float, figure: str, where: str
) -> None:
    with pytest.raises(RequestError) as refused:
        await ask(week, first, last, kwh, figure)
    assert [problem.where for problem in refused.value.problems] == [where]


async def test_the_effect_is_told_before_and_after(week: Bench) -> None:
    own, _ = await generated(week)
    added = Added(0, "generation", date(2027, 3, 31), date(2027, 4, 1), 3_000)
    id_ = await ask(week, added.first, added.last, 3.0)
    async with week.database.read() as connection:
        wanted = await effects(connection, IDS[SN], added, is_active=False)
    await approve(week, id_)
    async with week.database.read() as connection:
        done = await effects(connection, IDS[SN], added, is_active=True)
    total = sum(value or 0 for value in own.values())
    assert [(e.step, e.first) for e in wanted] == [
        ("year", date(2027, 1, 1)),
        ("month", date(2027, 3, 1)),
        ("month", date(2027, 4, 1)),
        ("day", date(2027, 3, 31)),
        ("day", date(2027, 4, 1)),
    ]
    assert wanted[0].after == pytest.approx(total + 3)
    for one, other in zip(wanted, done, strict=True):
        assert other.after == pytest.approx(one.after)
        assert other.before == pytest.approx(one.before or 0)


async def test_half_hours_add_up_to_the_day(week: Bench) -> None:
    registry = week.ingest.registry
    model = registry.system(registry.products["bench", "1.0.0"])
    async with week.database.read() as connection:
        made = await day_sums.day_of(connection, IDS[SN], model, FIRST, ZONE)
    for wh in (1, -7, 12_345):
        halves = corrected(made, {"purchase": wh, "feed_in": 2 * wh}).half_hours
        for flow, was, more in (
            (halves.purchase, made.half_hours.purchase, wh),
            (halves.feed_in, made.half_hours.feed_in, 2 * wh),
        ):
            assert flow is not None
            assert sum(flow) == sum(was or ()) + more
