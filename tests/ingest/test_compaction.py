"""Frames of old days are pressed into chunks, and nothing shows it but the room that is won."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.runtime.database import Database
from core.runtime.housekeeping import Housekeeper, Keeping
from core.runtime.transport import Message
from core.telemetry import chunks, compaction
from core.telemetry.chunk_format import PackedFrame, press, unpress, unpress_identities
from core.telemetry.history import Frame, frames_between
from core.telemetry.partitions import DAY, days
from core.telemetry.readings import frame_of
from core.upkeep import background
from tests.devices import START, frame, running
from tests.ingest.bench import Bench

MIDNIGHT = START - START % DAY
SIGNED = st.integers(-(1 << 63), (1 << 63) - 1)
LATER = 30 * DAY


@st.composite
def packed(draw: st.DrawFn) -> list[PackedFrame]:
    """Frames of one channel: of one length or many, alike or not."""
    length = draw(st.none() | st.integers(0, 40))
    body = st.binary(max_size=60) if length is None else st.binary(min_size=length, max_size=length)
    made = st.builds(PackedFrame, SIGNED, SIGNED, SIGNED, SIGNED, st.integers(1, 9), body)
    return draw(st.lists(made, min_size=1, max_size=20))


@settings(max_examples=300, deadline=None)
@given(packed())
def test_what_is_pressed_comes_back_byte_for_byte(given_frames: list[PackedFrame]) -> None:
    identities, bodies = press(given_frames)
    assert unpress(identities, bodies) == given_frames
    assert unpress_identities(identities) == [each.identity for each in given_frames]


def test_frames_alike_become_small() -> None:
    alike = [
        PackedFrame(60_000 * n, 7, n, 60_000 * n + n % 9, 1, running(pv=3000 + n % 5) * 25)
        for n in range(60)
    ]
    pressed = sum(map(len, press(alike)))
    assert pressed < 60 * 200 / 10


async def test_history_is_the_same_before_and_after(bench: Bench) -> None:
    for n in range(8):
        await bench.take(*(_minute(n * 60 + k) for k in range(60)))
    before = await _history(bench)
    assert [each.sequence for each in before] == list(range(480))
    assert await _compact(bench) == 480
    assert await bench.count("frames") == 0
    assert await bench.count("frame_chunks") == 2
    assert await _history(bench) == before
    part = [f async for f in _between(bench, MIDNIGHT + 90 * 60_000, MIDNIGHT + 200 * 60_000)]
    assert part == before[90:200]


async def test_the_newest_frame_is_found_in_its_chunk(bench: Bench) -> None:
    await bench.take(_minute(0), _minute(1), _minute(2))
    await _compact(bench)
    async with bench.database.read() as connection:
        kept = await frame_of(connection, bench.system_id, "inverter", "running")
    assert kept is not None
    assert (kept.sequence, kept.body) == (2, running(pv=2))
    assert (kept.plugin, kept.product_version) == ("inverters.bench", "1.0.0")


async def test_a_late_duplicate_of_a_compacted_frame_is_recognised(bench: Bench) -> None:
    batch = [_minute(n) for n in range(5)]
    await bench.take(*batch)
    await _compact(bench)
    await bench.take(*batch)
    assert await bench.count("frames") == 0
    assert await bench.codes() == []
    other = frame(3, running(pv=9), device_time=MIDNIGHT + 3 * 60_000)
    await bench.take(other)
    assert await bench.codes() == ["conflicting_frame"]
    assert await bench.count("frames") == 0


async def test_a_replayed_dead_letter_is_recognised_as_compacted(bench: Bench) -> None:
    await bench.take(frame(1, b"???", device_time=MIDNIGHT))
    assert await bench.codes() == ["undecodable"]
    await _compact(bench)
    await bench.ingest.replay(await bench.letters())
    assert await bench.count("frames") == 0


async def test_a_late_new_frame_is_read_at_once_and_compacted_with_the_others(bench: Bench) -> None:
    await bench.take(*(_minute(n) for n in (0, 1, 3)))
    await _compact(bench)
    await bench.take(_minute(2))
    assert await bench.count("frames") == 1
    assert [each.sequence for each in await _history(bench)] == [0, 1, 2, 3]
    assert await _compact(bench) == 1
    assert await bench.count("frames") == 0
    assert await bench.count("frame_chunks") == 1
    assert [each.sequence for each in await _history(bench)] == [0, 1, 2, 3]


async def test_hours_with_many_frames_become_several_parts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "LARGEST", 10)
    monkeypatch.setattr("core.telemetry.history.PAGE", 7)
    await bench.take(*(frame(n, device_time=MIDNIGHT + n % 3) for n in range(0, 50, 2)))
    await _compact(bench)
    assert await bench.count("frame_chunks") == 3
    await bench.take(*(frame(n, device_time=MIDNIGHT + n % 3) for n in range(50)))
    assert await bench.count("frames") == 25
    assert len(await _history(bench)) == 50
    await _compact(bench)
    assert await bench.count("frame_chunks") == 5
    assert sorted(each.sequence for each in await _history(bench)) == list(range(50))


async def test_channels_that_never_spoke_have_no_history(bench: Bench) -> None:
    assert [f async for f in _between(bench, 0, LATER, "settings")] == []


async def test_young_frames_stay_as_they_are(bench: Bench) -> None:
    await bench.take(_minute(0))
    assert await _compact(bench, now=MIDNIGHT + 2 * DAY, hot_days=1) == 0
    assert await bench.count("frames") == 1


async def test_a_kill_at_any_step_loses_and_doubles_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step ends before or after its commit; the next run goes on with what is left."""
    monkeypatch.setattr(compaction, "STEP", 100)
    await bench.take(*(_minute(n) for n in range(400)))
    whole = await _history(bench)
    for steps in (1, 2, 1):
        housekeeper = _housekeeper(bench)
        with contextlib.suppress(asyncio.CancelledError):
            await _cancelled_after(housekeeper, steps)
        assert await _history(bench) == whole
        async with bench.database.read() as connection:
            compacted = (await chunks.totals(connection))[1]
        assert compacted + await bench.count("frames") == 400
    await _compact(bench)
    assert await _history(bench) == whole


async def test_progress_is_kept(bench: Bench) -> None:
    await bench.take(*(_minute(n) for n in range(120)))
    seen: list[int] = []
    await _housekeeper(bench).compact(seen.append)
    assert seen == [120, 120]
    async with bench.database.read() as connection:
        job = (await background.known(connection))["compaction"]
    assert (job.done, job.total, job.error) == (120, 120, "")
    assert job.finished_at is not None


async def test_compacting_while_frames_arrive_keeps_each_once(bench: Bench) -> None:
    """Backfill with duplicates goes on while two compact at the same time."""
    batches = [[_minute(n) for n in range(s, s + 40)] for s in range(0, 400, 20)]

    async def deliver() -> None:
        for batch in batches:
            await bench.take(*batch)

    async def compact() -> None:
        for _ in range(8):
            await _compact(bench)

    bench.now = MIDNIGHT + LATER
    await asyncio.gather(deliver(), compact(), compact())
    await _compact(bench)
    assert await bench.count("frames") == 0
    async with bench.database.read() as connection:
        assert (await chunks.totals(connection))[1] == 420
    assert [each.sequence for each in await _history(bench)] == list(range(420))


async def test_old_frames_are_deleted_only_where_that_is_asked_for(bench: Bench) -> None:
    await bench.take(_minute(0), frame(1, device_time=MIDNIGHT + 20 * DAY))
    bench.now = MIDNIGHT + LATER
    await bench.take(frame(5, device_time=1000))  # its clock was never set
    await _compact(bench)
    assert await _housekeeper(bench).forget() == 0
    assert len(await _history(bench)) == 3
    keeping = Keeping(hot_days=2, retention_days=25)
    await Housekeeper(bench.database, keeping, lambda: MIDNIGHT + LATER, 0).forget()
    assert [each.sequence for each in await _history(bench)] == [5, 1]


async def test_a_day_that_is_compacted_loses_its_partition(bench: Bench) -> None:
    housekeeper = Housekeeper(bench.database, Keeping(2), lambda: MIDNIGHT + 60_000, 0)
    made = await housekeeper.prepare()
    assert made == (0 if bench.database.is_sqlite else 9)
    assert await housekeeper.prepare() == 0
    await bench.take(_minute(0))
    await _compact(bench)
    async with bench.database.read() as connection:
        left = await days(connection)
    assert left == []
    assert len(await _history(bench)) == 1


async def test_frames_of_a_day_without_partition_are_moved_when_it_is_made(bench: Bench) -> None:
    await bench.take(*(_minute(n) for n in range(3)), frame(9, device_time=5))
    whole = await _history(bench)
    await Housekeeper(bench.database, Keeping(2), lambda: MIDNIGHT + 60_000, 0).prepare()
    assert await _history(bench) == whole
    if not bench.database.is_sqlite:
        async with bench.database.read() as connection:
            stray = await connection.scalar(text("SELECT count(*) FROM frames_default"))
        assert stray == 1
    await _drop_days(bench.database)


async def test_making_days_while_frames_arrive_loses_none(bench: Bench) -> None:
    housekeeper = Housekeeper(bench.database, Keeping(2), lambda: MIDNIGHT + 60_000, 0)

    def made(n: int, day: int) -> Message:
        return frame(n * 9 + day, device_time=MIDNIGHT + (day - 1) * DAY)

    async def deliver() -> None:
        for n in range(40):
            await bench.take(*(made(n, d) for d in range(9)))

    await asyncio.gather(deliver(), housekeeper.prepare())
    assert await bench.count("frames") == 360
    assert await bench.codes() == []
    await _drop_days(bench.database)


def _minute(n: int) -> Message:
    return frame(n, running(pv=n), device_time=MIDNIGHT + n * 60_000)


def _housekeeper(bench: Bench) -> Housekeeper:
    return Housekeeper(bench.database, Keeping(2), lambda: MIDNIGHT + LATER, 0)


async def _compact(bench: Bench, now: int = MIDNIGHT + LATER, hot_days: int = 2) -> int:
    bench.now = now
    return await Housekeeper(bench.database, Keeping(hot_days), lambda: now, 0).compact()


async def _cancelled_after(housekeeper: Housekeeper, steps: int) -> None:
    count = 0

    def stop(_: int) -> None:
        nonlocal count
        count += 1
        if count == steps:
            raise asyncio.CancelledError

    await housekeeper.compact(stop)


def _between(bench: Bench, start: int, end: int, channel: str = "running") -> AsyncIterator[Frame]:
    async def read() -> AsyncIterator[Frame]:
        async with bench.database.read() as connection:
            async for each in frames_between(
                connection, bench.system_id, "inverter", channel, start, end
            ):
                yield each

    return read()


async def _history(bench: Bench) -> list[Frame]:
    return [f async for f in _between(bench, 0, MIDNIGHT + LATER)]


async def _drop_days(database: Database) -> None:
    """Leave the tables as other tests expect them."""
    housekeeper = Housekeeper(database, Keeping(2, 2), lambda: MIDNIGHT + 400 * DAY, 0)
    await housekeeper.forget()
