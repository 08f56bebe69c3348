"""The status of a system: what makes it, in which transaction, and how often it is counted."""

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_by
from hypothesis import strategies as st
from sqlalchemy import select, update

from core.fleet import counters, firmware, status, systems
from core.fleet.counters import Counts
from core.fleet.firmware import Told
from core.fleet.systems import Registration, SystemRecord
from core.fleet.tables import STATUSES
from core.fleet.tables import systems as table
from core.runtime.database import Database
from core.runtime.sweeper import Sweeper
from tests.devices import MINUTE, SN, START, frame, running
from tests.ingest.bench import HOUR, Bench, log, presence

WARNING, CRITICAL, PROTECTION = 1, 2, 4
DAY = 24 * HOUR


async def test_a_system_is_offline_until_it_speaks(bench: Bench) -> None:
    assert (await _record(bench)).status == "offline"
    await bench.take(presence(product_model="bench"))
    assert (await _record(bench)).status == "offline"  # a birth message may be a repetition
    await bench.take(frame(1))
    record = await _record(bench)
    assert (record.status, record.status_since, record.is_new) == ("normal", bench.now, True)
    assert record.new_until == bench.now + 7 * DAY


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (0, "normal"),
        (WARNING, "normal"),
        (PROTECTION, "protection"),
        (CRITICAL, "fault"),
        (CRITICAL | PROTECTION | WARNING, "fault"),
    ],
)
async def test_the_worst_that_holds_is_the_status(bench: Bench, word: int, expected: str) -> None:
    await bench.take(frame(1))
    bench.now += 1000
    await bench.take(frame(2, running(faults=word)))
    assert (await _record(bench)).status == expected
    bench.now += 1000
    await bench.take(frame(3))
    assert (await _record(bench)).status == "normal"


async def test_every_change_is_told_with_its_cause_and_both_times(bench: Bench) -> None:
    await bench.take(frame(1))
    bench.now += 1000
    await bench.take(frame(2, running(faults=PROTECTION | CRITICAL)))
    bench.now += 1000
    await bench.take(frame(3, running(faults=PROTECTION)))
    heard = bench.now
    bench.now += 16 * MINUTE
    await _sweep(bench)
    bench.now += 1000
    await bench.take(frame(4, running(faults=CRITICAL)))
    async with bench.database.read() as connection:
        found = [each for _, each in await status.changes_of(connection, bench.system_id)][::-1]
    assert [(c.before, c.status, c.cause, c.code) for c in found] == [
        ("offline", "normal", "frames", ""),
        ("normal", "fault", "fault", "grid_lost"),
        ("fault", "protection", "fault_closed", "grid_lost"),
        ("protection", "offline", "silence", ""),
        ("offline", "fault", "frames", "grid_lost"),
    ]
    assert [c.device_time for c in found] == [
        START + 1000, START + 2000, START + 3000, None, START + 4000,
    ]  # fmt: skip
    assert [c.silent_since for c in found] == [None, None, None, heard, None]
    assert [c.at for c in found] == sorted(c.at for c in found)


async def test_silence_is_found_at_its_time_and_once(bench: Bench) -> None:
    await bench.take(frame(1))
    bench.now += 15 * MINUTE
    assert await _sweep(bench) == 0
    bench.now += MINUTE // 2
    assert await _sweep(bench) == 1
    assert await _sweep(bench) == 0
    assert (await _record(bench)).status == "offline"


async def test_a_last_will_alone_changes_no_status(bench: Bench) -> None:
    await bench.take(frame(1))
    await bench.take(presence(online=False))
    record = await _record(bench)
    assert (record.status, record.online) == ("normal", False)


async def test_whatever_a_device_sends_itself_is_life(bench: Bench) -> None:
    for message in (log(1, "Fault 1 x"), frame(2, b"undecodable"), frame(3, late=True)):
        bench.now += HOUR
        await _sweep(bench)
        assert (await _record(bench)).status == "offline"
        await bench.take(message)
        assert (await _record(bench)).status == "normal"


@pytest.mark.parametrize("years", [-10, 10])
async def test_a_wrong_clock_of_the_device_changes_nothing(bench: Bench, years: int) -> None:
    wrong = bench.now + years * 365 * DAY
    await bench.take(frame(1, device_time=wrong))
    bench.now += 14 * MINUTE
    await bench.take(frame(2, running(faults=CRITICAL), device_time=wrong + 14 * MINUTE))
    assert (await _record(bench)).status == "fault"
    bench.now += 15 * MINUTE
    assert await _sweep(bench) == 0
    await bench.take(frame(3, device_time=wrong + 29 * MINUTE))
    assert (await _record(bench)).status == "normal"
    bench.now += 16 * MINUTE
    assert await _sweep(bench) == 1


@pytest.mark.parametrize(
    "change", [1_806_195_600_000, 1_824_944_400_000], ids=["to summer time", "to winter time"]
)
async def test_a_change_of_summer_time_changes_nothing(bench: Bench, change: int) -> None:
    """2027-03-28 and 2027-10-31, 01:00 UTC, as Berlin has them."""
    bench.now = change - 10 * MINUTE
    for n in range(5):
        await bench.take(frame(n, device_time=bench.now))
        assert await _sweep(bench) == 0
        bench.now += 5 * MINUTE
    assert (await _record(bench)).status == "normal"


async def test_a_sweep_looks_into_indexes_only(bench: Bench) -> None:
    if not bench.database.is_sqlite:
        pytest.skip("PostgreSQL scans what is this small")
    plans: list[str] = []
    async with bench.database.read() as connection:
        for query in status.due_queries(bench.now):
            sql = str(query.compile(connection.sync_engine, compile_kwargs={"literal_binds": True}))
            found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
            plans += [row[3] for row in found]
    assert len(plans) == 2
    assert all(plan.startswith("SEARCH systems USING") for plan in plans), plans


async def test_rows_that_refer_to_systems_do_not_hold_up_their_status(bench: Bench) -> None:
    """Two workers that noted firmware of each other's systems would wait for each other."""
    await bench.take(presence(product_model="bench"))
    record = await _record(bench)
    if bench.database.is_sqlite:
        pytest.skip("one writer at a time")
    async with bench.database.begin() as one, bench.database.begin() as other:
        await firmware.note(one, [Told(record.id, "2.0", bench.now)])
        async with asyncio.timeout(5):
            assert await status.of(other, [record.id]) == {record.id: record.status}


async def test_newness_ends_with_its_time(bench: Bench) -> None:
    await bench.take(frame(1))
    bench.now += 7 * DAY - 1
    await bench.take(frame(2))
    assert (await _counts(bench.database)).new == 1
    bench.now += 1
    await _sweep(bench)
    assert (await _counts(bench.database)).new == 0
    bench.now += DAY
    await _sweep(bench)
    await bench.take(frame(3))
    assert not (await _record(bench)).is_new


ACTIONS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["normal", "fault", "protection", "silence", "company", "upgrade", "week"]),
    ),
    max_size=12,
)


@given_by(ACTIONS)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.slow
async def test_counts_are_those_of_the_systems(
    bench: Bench, actions: list[tuple[int, str]]
) -> None:
    sns = [f"COUNT{await bench.count('systems'):07}{n}" for n in range(4)]
    async with bench.database.begin() as connection:
        given = [Registration(sn, "bench") for sn in sns]
        await systems.register_new(connection, bench.ingest.registry, given, bench.now)
    for n, action in actions:
        bench.now += 31_000
        await _act(bench, sns[n], action)
        assert await _all_counts(bench.database) == await _counted(bench.database)
    await _sweep(bench)
    assert await _all_counts(bench.database) == await _counted(bench.database)


async def _act(bench: Bench, sn: str, action: str) -> None:
    faults = {"normal": 0, "fault": CRITICAL, "protection": PROTECTION}
    if action in faults:
        body = running(faults=faults[action])
        await bench.take(frame(bench.now - START, body, sn=sn, device_time=bench.now))
    elif action in ("silence", "week"):
        bench.now += DAY * 8 if action == "week" else HOUR
        await _sweep(bench)
    else:
        async with bench.database.begin() as connection:
            record = await systems.by_sn(connection, sn)
            assert record
            if action == "upgrade":
                await status.set_upgrading(
                    connection, [record.id], upgrading=not record.is_upgrading
                )
            else:
                company = None if record.company_id else 7
                await connection.execute(
                    update(table).where(table.c.id == record.id).values(company_id=company)
                )


async def test_counts_of_systems_that_register_together(bench: Bench) -> None:
    given = [presence(f"FLEET{n:07}", product_model="bench") for n in range(50)]
    await bench.take(*given, *(frame(1, sn=f"FLEET{n:07}") for n in range(20)))
    found = await _counts(bench.database)
    assert (found.normal, found.offline, found.new, found.total) == (20, 31, 20, 51)
    assert await _all_counts(bench.database) == await _counted(bench.database)


async def _record(bench: Bench) -> SystemRecord:
    async with bench.database.read() as connection:
        record = await systems.by_sn(connection, SN)
    assert record is not None
    return record


async def _sweep(bench: Bench) -> int:
    return await Sweeper(bench.database, lambda: bench.now).work()


async def _counts(database: Database) -> Counts:
    async with database.read() as connection:
        return await counters.counts(connection)


async def _all_counts(database: Database) -> Mapping[int | None, Counts]:
    async with database.read() as connection:
        return {c: await counters.counts(connection, c) for c in (None, 0, 7)}


async def _counted(database: Database) -> Mapping[int | None, Counts]:
    """The same, by looking at every system."""
    columns = (table.c.company_id, table.c.status, table.c.is_new, table.c.is_upgrading)
    async with database.read() as connection:
        rows = (await connection.execute(select(*columns))).all()
    found: dict[int | None, Counts] = {}
    for company in (None, 0, 7):
        mine = [row for row in rows if company is None or (row.company_id or 0) == company]
        by_status = {name: sum(row.status == name for row in mine) for name in STATUSES}
        new, upgrading = (sum(row[n] for row in mine) for n in (2, 3))
        found[company] = Counts(**by_status, new=new, upgrading=upgrading)
    return found
