"""What is stored stays stored, keeps its header, and is bounded without silence."""

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.runtime.collector.outbox import Note, Outbox, OutboxError
from core.thing_model.messages import Acknowledgement

ID = "01JAAAAAAAAAAAAAAAAAAAAAAA"
KILLS = 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "site.outbox"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    made = Outbox(path)
    made.open(1)
    yield made
    made.close()


def note(time: int = 5, size: int = 100, kind="frame") -> Note:
    return Note(kind, "inverter", "running", time, b"x" * size)


def test_headers_are_given_when_stored_and_kept_over_a_restart(path: Path, outbox: Outbox):
    stored = outbox.append([note(7), note(8)])
    assert [e.sequence for e in stored] == [1, 2]
    outbox.sent(stored[:1])
    outbox.close()
    again = Outbox(path)
    again.open(2)
    assert again.unsent() == stored[1:]
    assert again.boot_id != outbox.boot_id
    assert again.append([note(9)])[0].sequence == 1
    again.close()


def test_a_file_that_is_in_use_is_refused(path: Path, outbox: Outbox):
    outbox.append([note()])
    with pytest.raises(OutboxError, match="another collector has it"):
        Outbox(path).open(2)


def test_a_file_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "x.outbox").write_bytes(b"not a database at all" * 100)
    with pytest.raises(OutboxError, match=r"x\.outbox.*not a database"):
        Outbox(tmp_path / "x.outbox").open(1)
    with pytest.raises(OutboxError, match="folder must be there"):
        Outbox(tmp_path / "no" / "x.outbox").open(1)


def test_above_its_limit_the_oldest_frames_go_and_are_counted(path: Path):
    outbox = Outbox(path, max_bytes=10_000)
    outbox.open(1)
    outbox.append([note(kind="ack"), note(kind="log")])
    outbox.append([note(n) for n in range(100)])
    dropped = outbox.shrink()
    left = outbox.unsent(limit=1000)
    assert {e.kind for e in left} == {"ack", "log", "frame"}
    assert dropped == 102 - len(left)
    assert left[-1].device_time == 99
    assert outbox.waiting <= 10_000
    assert outbox.shrink() == 0
    outbox.close()
    again = Outbox(path)
    again.open(2)
    assert (again.dropped, again.waiting) == (dropped, outbox.waiting)
    again.close()


def test_what_was_sent_stays_a_while_for_a_gap_to_be_sent_again(path: Path):
    outbox = Outbox(path, keep_bytes=5_000)
    outbox.open(1)
    stored = outbox.append([note(n) for n in range(50)])
    outbox.sent(stored)
    kept = outbox.again(outbox.boot_id, 1, 50)
    assert kept == stored[-len(kept) :]
    assert 10 < len(kept) < 30
    assert outbox.unsent() == []
    outbox.close()


def test_a_disk_without_room_is_said_and_nothing_is_half_stored(outbox: Outbox):
    outbox.append([note()])
    pages = outbox._connection.execute("PRAGMA page_count").fetchone()[0]
    outbox._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(OutboxError, match="make room on the disk"):
        outbox.append([note(size=100), note(size=100_000)])
    outbox._connection.execute("PRAGMA max_page_count = 1000000")
    assert [e.sequence for e in outbox.append([note()])] == [2]
    assert len(outbox.unsent()) == 2


def test_answers_outlive_a_restart(path: Path, outbox: Outbox):
    assert outbox.command(ID) is None
    outbox.answer(Acknowledgement(ID, "running"), 5, note(kind="ack"))
    assert outbox.unfinished() == [ID]
    outbox.close()
    again = Outbox(path)
    again.open(2)
    assert again.unfinished() == [ID]
    again.answer(Acknowledgement(ID, "failed", "why"), 6, note(kind="ack"))
    assert again.command(ID) == Acknowledgement(ID, "failed", "why")
    assert again.unfinished() == []
    assert [e.kind for e in again.unsent()] == ["ack", "ack"]
    again.close()


def test_killed_at_any_moment_nothing_said_to_be_stored_is_lost(path: Path):
    said: set[tuple[int, int]] = set()
    for kill in range(KILLS):
        command = [sys.executable, "-m", "tests.collector.storing_process", str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            first = process.stdout.readline()
            time.sleep(random.Random(kill).uniform(0, 0.3))
            process.kill()
            lines = [first, *process.stdout.read().splitlines(keepends=True)]
        whole = [line for line in lines if line.endswith("\n")]
        fresh = {(int(boot), int(sequence)) for boot, sequence in map(str.split, whole)}
        assert len(fresh) == len(whole)
        assert not fresh & said, "a header came twice"
        said |= fresh
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT boot_id, sequence, length(body) FROM entries").fetchall()
    assert said <= {(boot, sequence) for boot, sequence, _ in rows}
    assert {length for *_, length in rows} == {300}
    assert len({boot for boot, *_ in rows}) == KILLS
