"""What did not come: numbers missing from a sequence, and times without frames."""

from datetime import date
from itertools import count, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_by
from hypothesis import strategies as st

from core.fleet import systems
from core.fleet.systems import Registration
from core.runtime.transport import Message
from core.telemetry import coverage, gaps
from core.telemetry.coverage import Day, Silence
from core.telemetry.gaps import GapRecord
from core.telemetry.sequences import JOINED, Start, begin
from tests.devices import MINUTE, SN, START, frame, running
from tests.ingest.bench import HOUR, Bench, ack, log

BERLIN = ZoneInfo("Europe/Berlin")
NUMBERS = count(1)


async def test_what_follows_leaves_no_gap(bench: Bench) -> None:
    await bench.take(*(frame(n) for n in range(5)))
    await bench.take(log(5, "Fault 1 x"), ack(6, id="0" * 26, status="accepted"))
    await bench.take(frame(7, b"undecodable"), frame(8, slot="cellar"), frame(9, late=True))
    await bench.take(frame(9), frame(3))
    assert await _open(bench) == []


async def test_a_gap_is_known_with_its_times_and_closes_when_they_come(bench: Bench) -> None:
    await bench.take(frame(1), frame(2))
    await bench.take(frame(6), frame(9))
    second, first = await _open(bench)
    assert (first.first, first.last, first.missing) == (3, 5, 3)
    assert (first.after_time, first.before_time) == (START + 2000, START + 6000)
    assert (second.first, second.last, second.noticed_at) == (7, 8, bench.now)
    bench.now += HOUR
    await bench.take(frame(4, late=True))
    assert [each.ranges for each in await _open(bench)] == [((7, 8),), ((3, 3), (5, 5))]
    await bench.take(frame(5, late=True), frame(3, late=True), frame(4, late=True), frame(7))
    assert [each.ranges for each in await _open(bench)] == [((8, 8),)]
    async with bench.database.read() as connection:
        (closed,) = await gaps.of_system(connection, bench.system_id, is_open=False)
        assert await gaps.missing_of(connection, bench.system_id) == 1
        (worst,) = await gaps.worst(connection)
        assert await gaps.worst(connection, company_id=5) == []
    assert (closed.first, closed.last, closed.closed_at) == (3, 5, bench.now)
    assert (worst.sn, worst.missing, worst.gaps) == (SN, 1, 1)


async def test_messages_that_overtake_each_other_are_no_gap(bench: Bench) -> None:
    await bench.take(frame(1), frame(4))
    bench.now += 2000
    await bench.take(frame(3), frame(2))
    assert await bench.count("gaps") == 0


async def test_each_start_counts_for_itself(bench: Bench) -> None:
    await bench.take(frame(1), frame(3, boot_id=2), frame(2), frame(0, boot_id=3))
    (gap,) = await _open(bench)
    assert (gap.boot_id, gap.ranges, gap.after_time) == (2, ((1, 2),), None)


async def test_what_a_device_sent_before_it_was_ours_is_not_missed(bench: Bench) -> None:
    await bench.take(frame(JOINED + 1))
    assert await _open(bench) == []
    await bench.take(frame(2**64 - 1, device_time=0), frame(2**63, device_time=0))
    assert await _open(bench) == []


@given_by(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_missing_is_what_did_not_come(numbers: list[int]) -> None:
    start = begin(sorted({n: n for n in numbers[:3]}.items()))
    for number in numbers[3:]:
        start.take(number, number)
    assert _missing(start) == set(range(1, max(numbers))) - set(numbers)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[tuple[int, int]], list[list[tuple[int, int]]]]:
    """Messages of two starts in order, some lost; and shuffled, some twice, in batches."""
    sent = [(boot, n) for boot in (1, 2) for n in range(1, draw(st.integers(1, 12)) + 1)]
    kept = draw(st.lists(st.sampled_from(sent), unique=True, min_size=1))
    shuffled = draw(st.permutations(kept + draw(st.lists(st.sampled_from(kept), max_size=3))))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    return sorted(kept), [shuffled[a:b] for a, b in pairwise([0, *cuts, len(shuffled)]) if a < b]


@given_by(deliveries(), st.lists(st.booleans(), min_size=30, max_size=30))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.slow
async def test_any_order_knows_the_same_gaps(
    bench: Bench,
    delivery: tuple[list[tuple[int, int]], list[list[tuple[int, int]]]],
    late: list[bool],
) -> None:
    ordered, batches = delivery
    right = await _known(bench, [[each] for each in ordered], [False] * 30)
    assert await _known(bench, batches, late) == right


async def test_days_are_the_sites_and_know_what_is_missing(bench: Bench) -> None:
    """2027-03-27 to 29 in Berlin: the second day has 23 hours."""
    begin = 1_806_102_000_000  # the midnight before 2027-03-27 there
    times = [begin + n * 5 * MINUTE for n in range(3 * 288)]
    silent = range(288 + 12, 288 + 24)
    numbers = count(1)
    lost = {400, 401}
    messages = [
        frame(next(numbers), device_time=time) for n, time in enumerate(times) if n not in silent
    ]
    bench.now = times[-1] + 5 * MINUTE
    for at in range(0, len(messages), 100):
        await bench.take(*(m for n, m in enumerate(messages[at : at + 100], at) if n not in lost))
    known = (begin, bench.now)
    async with bench.database.read() as connection:
        found = await coverage.days(
            connection, bench.system_id, BERLIN, (date(2027, 3, 26), date(2027, 3, 29)), known=known
        )
        missing = await coverage.silences(connection, bench.system_id, *known)
    assert [day.expected for day in found] == [0, 288, 276, 288]
    assert [day.silent for day in found] == [0, 0, 12 + 2, 0]
    assert [day.torn for day in found] == [0, 0, 2, 0]
    assert found[0].percent is None
    assert found[1].percent == 100
    assert missing[0] == Silence(times[300], times[312])
    assert missing[1].until - missing[1].since == 2 * 5 * MINUTE


async def test_late_frames_fill_a_silence(bench: Bench) -> None:
    bench.now = START + 2 * HOUR
    await bench.take(frame(1, device_time=START), frame(26, device_time=bench.now))
    span = (START, bench.now)
    assert len(await _silences(bench, *span)) == 1
    back = [frame(n, device_time=START + (n - 1) * 5 * MINUTE, late=True) for n in range(2, 26)]
    await bench.take(*back[::-1])
    assert await _silences(bench, *span) == []
    assert await _open(bench) == []


async def test_a_long_interval_is_no_silence(bench: Bench) -> None:
    bench.now = START + 2 * HOUR
    await bench.take(*(frame(n, device_time=START + n * 15 * MINUTE) for n in range(8)))
    assert len(await _silences(bench, START, bench.now)) == 8
    async with bench.database.read() as connection:
        span = (bench.system_id, START, bench.now)
        assert await coverage.silences(connection, *span, interval=900) == []


@pytest.mark.parametrize("years", [-10, 10])
async def test_a_wrong_clock_counts_when_it_was_received(bench: Bench, years: int) -> None:
    wrong = bench.now + years * 365 * 24 * HOUR
    since = bench.now // coverage.STRETCH * coverage.STRETCH
    await bench.take(frame(1, device_time=wrong), frame(2, device_time=wrong + 1000, late=True))
    assert await _silences(bench, since, since + 5 * MINUTE) == []
    assert await bench.count("coverage") == 1 + (years < 0 and wrong > 1_577_836_800_000)


def test_a_day_of_nothing_has_no_percentage() -> None:
    assert Day(date(2027, 1, 1), 0, 0, 0).percent is None
    assert Day(date(2027, 1, 1), 288, 72, 0).percent == 75


async def _open(bench: Bench) -> list[GapRecord]:
    async with bench.database.read() as connection:
        return await gaps.of_system(connection, bench.system_id, is_open=True)


async def _silences(bench: Bench, since: int, until: int) -> list[Silence]:
    async with bench.database.read() as connection:
        return await coverage.silences(connection, bench.system_id, since, until)


async def _known(
    bench: Bench, batches: list[list[tuple[int, int]]], late: list[bool]
) -> set[tuple[int, int]]:
    """Boot id and number of every message that is missing in the end."""
    sn = f"GAPPY{next(NUMBERS):07}"
    async with bench.database.begin() as connection:
        given = Registration(sn, "bench")
        record = await systems.register(connection, bench.ingest.registry, given, START)
    for batch in batches:
        await bench.take(*(_message(sn, boot, n, late=late[n]) for boot, n in batch))
    async with bench.database.read() as connection:
        found = await gaps.of_system(connection, record.id, is_open=True)
    bench.desk.acknowledged.clear()
    return {
        (gap.boot_id, number)
        for gap in found
        for first, last in gap.ranges
        for number in range(first, last + 1)
    }


def _message(sn: str, boot: int, n: int, *, late: bool) -> Message:
    time = START + boot * HOUR + n * 1000
    return frame(n, running(pv=n), sn=sn, boot_id=boot, device_time=time, late=late)


def _missing(start: Start) -> set[int]:
    return {n for gap in start.gaps for a, b in gap.ranges for n in range(a, b + 1)}
