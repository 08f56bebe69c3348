"""The database stopped, stalled, without room, and killed at its syncs: nothing is lost or doubled.

A short set; THINGWRIGHT_DRILLS=full runs the whole one, for about an hour.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import psutil
import pytest

from core.runtime.clock import now
from core.runtime.database import Database
from core.upkeep.health import Disk, Seen, health
from tests.databases import PostgreSQL, mortal_postgresql, postgresql
from tests.faults.harness import PATIENCE, Process, environment, running, service, until
from tests.faults.store import memory, sender, until_kept
from tests.servers import Mosquitto, mosquitto, start_mosquitto

__all__ = ["mortal_postgresql", "mosquitto", "postgresql", "start_mosquitto"]
pytestmark = [pytest.mark.integration, pytest.mark.slow]

FULL = os.environ.get("THINGWRIGHT_DRILLS") == "full"
STOPS = 30 if FULL else 1
STALL = 60.0 if FULL else 1.0
SYNCS = range(1, 301) if FULL else (6,)
ROOM = 64 if FULL else 6
MIB = 1 << 20
MOST_MEMORY = 256 * MIB
BROKEN_CODES = (-signal.SIGKILL, 128 + signal.SIGKILL)


@attrs.define
class House:
    """An installation of which `ingest` is a real process."""

    database: Database
    mosquitto: Mosquitto
    told: dict[str, str]
    ingest: Process


@asynccontextmanager
async def house(mosquitto: Mosquitto, url: str, data: Path) -> AsyncIterator[House]:
    database = Database(url)
    await database.open()
    told = environment(data, url, f"mqtt://127.0.0.1:{mosquitto.port}")
    try:
        ingest = service("ingest", told)
        async with running([ingest]):
            yield House(database, mosquitto, told, ingest)
    finally:
        await database.close()


async def test_a_server_that_is_stopped_at_once_loses_nothing(
    mosquitto: Mosquitto, mortal_postgresql: PostgreSQL, tmp_path: Path
) -> None:
    async with (
        house(mosquitto, mortal_postgresql.new_database(), tmp_path) as here,
        sender(mosquitto, here.database) as fleet,
    ):
        sending = asyncio.create_task(fleet.send(STOPS * 600))
        for _ in range(STOPS):
            await asyncio.sleep(0.4)
            mortal_postgresql.stop()
            await asyncio.sleep(0.4)
            mortal_postgresql.start()
        await sending
        await until_kept(here.database, fleet.sent)
        assert here.ingest.running is not None
        assert here.ingest.running.returncode is None


async def test_a_server_that_stalls_is_waited_for_in_bounded_memory(
    mosquitto: Mosquitto, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    async with (
        house(mosquitto, postgresql.new_database(), tmp_path) as here,
        sender(mosquitto, here.database) as fleet,
    ):
        await fleet.send(500)
        before = memory(here.ingest)
        with stalled(postgresql):
            await fleet.send(int(STALL * 500))
            grown = memory(here.ingest) - before
        assert grown < MOST_MEMORY
        await until_kept(here.database, fleet.sent)


@pytest.mark.skipif(os.geteuid() != 0, reason="to mount a small disk needs root")
async def test_a_full_disk_is_said_and_waited_for(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with disk(tmp_path / "disk", ROOM) as small:
        url = f"sqlite:///{small / 'x.db'}"
        async with (
            house(mosquitto, url, small) as here,
            sender(mosquitto, here.database) as fleet,
        ):
            await fleet.send(500)
            await until_kept(here.database, 500)
            fill(small)
            await fleet.send(2000)
            await until(lambda: says_full(here.database, small), "health says that it is full", 30)
            make_room(small)
            await until_kept(here.database, fleet.sent)


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
async def test_a_kill_at_any_sync_loses_and_doubles_nothing(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    async with house(mosquitto, url, tmp_path) as here, sender(mosquitto, here.database) as fleet:
        for number in SYNCS:
            await here.ingest.end()
            code = await killed_at(number, here, fleet.send)
            assert code in BROKEN_CODES
            await here.ingest.start()
            await until_kept(here.database, fleet.sent)


async def killed_at(number: int, here: House, send) -> int:
    """Run an ingest that is killed at its n-th sync, while frames come in."""
    command = (
        *("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync"),
        *("-e", f"inject=fdatasync:signal=SIGKILL:when={number}", "--"),
        *(sys.executable, *here.ingest.arguments),
    )
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **here.told})
    ended = asyncio.create_task(process.wait())
    async with asyncio.timeout(PATIENCE):
        while not ended.done():
            await send(50)
            await asyncio.sleep(0.2)
    return ended.result()


class stalled:  # noqa: N801  reads as what it makes so
    """All processes of a server stopped, as by a storage that does not answer."""

    def __init__(self, cluster: PostgreSQL) -> None:
        assert cluster.process is not None
        whole = psutil.Process(cluster.process.pid)
        self.processes = [whole, *whole.children(recursive=True)]

    def __enter__(self) -> None:
        for each in self.processes:
            each.suspend()

    def __exit__(self, *_: object) -> None:
        for each in reversed(self.processes):
            if each.is_running():
                each.resume()


class disk:  # noqa: N801
    """A file system of its own, of so many MiB."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size

    def __enter__(self) -> Path:
        self.folder.mkdir()
        options = f"size={self.size}m"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this machine does not let us mount a tmpfs")
        return self.folder

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=True)


def fill(folder: Path) -> None:
    """Take all the room that is left but some pages."""
    room = shutil.disk_usage(folder).free - 64 * 1024
    (folder / "filler").write_bytes(b"\0" * room)


def make_room(folder: Path) -> None:
    (folder / "filler").unlink()


async def says_full(database: Database, folder: Path) -> bool:
    """Whether a reader says so, on whose disk no process can report any more."""
    usage = shutil.disk_usage(folder)
    disk = Disk("the reader", usage.total, usage.free)
    async with database.read() as connection:
        found = await health(connection, now(), Seen((disk,)))
    return ("disk_full", "critical") in {(each.code, each.level) for each in found}
