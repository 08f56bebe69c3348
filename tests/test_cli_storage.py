"""Commands that look after the store."""

import asyncio
from pathlib import Path

import pytest

from core.fleet import systems
from core.fleet.systems import Registration
from core.runtime.database import Database
from core.runtime.ingest import Ingest
from tests.commands import run
from tests.devices import SN, START, bench_registry, frame
from tests.ingest.bench import Desk


def test_compact_says_what_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINGWRIGHT_DATA", str(tmp_path))
    asyncio.run(_filled(tmp_path))
    done = run("compact")
    assert done.exit_code == 0, done.output
    assert "60 frames\n" in done.stderr
    first, second = done.stdout.splitlines()
    assert first == "60 frames compacted; in all 60 frames in 1 chunks"
    assert second.endswith("for each frame")
    assert run("compact").stdout.startswith("0 frames compacted; in all 60 frames")


def test_a_wrong_slot_is_refused() -> None:
    done = run("ingest", "--slot", "a b")
    assert done.exit_code == 2
    assert "one to sixteen of a-z" in done.stderr


async def _filled(data: Path) -> None:
    registry = bench_registry()
    database = Database(f"sqlite:///{data / 'thingwright.db'}")
    await database.open()
    async with database.begin() as connection:
        await systems.register(connection, registry, Registration(SN, "bench"), START)
    long_ago = 1_700_000_000_000 // 3_600_000 * 3_600_000
    ingest = Ingest(registry, database, Desk())
    await ingest.take([frame(n, device_time=long_ago + n * 60_000) for n in range(60)])
    await database.close()
