"""The drills: a fleet speaks, processes are killed, and in the end nothing is missing."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
from sqlalchemy import select, text

from core.access import PLATFORM
from core.fleet import counters
from core.fleet.counters import Counts
from core.fleet.tables import STATUSES, systems
from core.records import RequestError
from core.runtime.database import Database
from core.telemetry import backfill
from tests.faults.fleet import Device, fleet, moments
from tests.faults.harness import Process, environment, running, service, until, value
from tests.servers import Mosquitto

PAUSE = 0.1
"""Seconds between two batches of a device, on average."""
SETTLED = 3.0
"""Seconds for which devices go on after the last kill, so that a later message names each gap."""


@attrs.define
class Report:
    """What a drill found; all of it is to be 0 but for what was done."""

    kills: int = 0
    broker_kills: int = 0
    sent: int = 0
    missed: int = 0
    lost: int = 0
    refused: int = 0
    wrong_counts: int = 0
    checks: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills of ingest, {self.broker_kills} of mosquitto: "
            f"{self.sent} messages sent, {self.missed} lost by the broker and asked for again, "
            f"{self.lost} lost in the end, {self.refused} dead letters; "
            f"counts compared {self.checks} times, "
            f"{self.wrong_counts} differed; {self.seconds:.0f} s"
        )


@attrs.define
class Drill:
    """An installation of real processes, a fleet that speaks to it, and somebody who kills."""

    database: Database
    mosquitto: Mosquitto
    told: dict[str, str]
    devices: Sequence[Device]
    report: Report = attrs.field(factory=Report)
    speaking: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def run(self, kills: int, broker_kills: int, *, mean: float, seed: int) -> Report:
        """Kill so often, then wait until all that was sent is there; raises AssertionError."""
        began = time.monotonic()
        ingest, worker = service("ingest", self.told), service("worker", self.told)
        async with running([ingest, worker]), self._speaking():
            await self._until_registered()
            await asyncio.gather(
                self._kill(ingest, kills, mean, seed),
                self._kill_broker(broker_kills, mean * 2, seed + 1),
                self._compare(kills + broker_kills),
            )
            await self._until_whole()
        self.report.seconds = time.monotonic() - began
        return self.report

    @asynccontextmanager
    async def _speaking(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(each.run(self.speaking, PAUSE)) for each in self.devices]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()

    async def _until_registered(self) -> None:
        """Let devices speak once all are registered, which shows that ingest listens."""
        query = "SELECT count(*) FROM systems"

        async def done() -> bool:
            return bool(await value(self.database, query) == len(self.devices))

        await until(done, "every device has registered")
        self.speaking.set()

    async def _kill(self, ingest: Process, count: int, mean: float, seed: int) -> None:
        for pause in moments(seed, count, mean):
            await asyncio.sleep(pause)
            await ingest.restart()
            self.report.kills += 1
            await self._until_heard(time.time_ns() // 1_000_000)

    async def _until_heard(self, since: int) -> None:
        """Until ingest works again, so that the next kill finds it at work."""
        query = "SELECT coalesce(max(last_frame_at), 0) FROM systems"

        async def done() -> bool:
            return bool(await value(self.database, query) > since)

        await until(done, "ingest takes in frames again")

    async def _kill_broker(self, count: int, mean: float, seed: int) -> None:
        for pause in moments(seed, count, mean):
            await asyncio.sleep(pause)
            self.mosquitto.kill()
            await asyncio.to_thread(self.mosquitto.start)
            self.report.broker_kills += 1

    async def _compare(self, kills: int) -> None:
        """Compare the counts with the systems at any moments, while processes are killed."""
        while self.report.kills + self.report.broker_kills < kills:
            counted, are = await counts_and_systems(self.database)
            self.report.checks += 1
            self.report.wrong_counts += counted != are
            await asyncio.sleep(0.1)

    async def _until_whole(self) -> None:
        await asyncio.sleep(SETTLED)
        self.speaking.clear()
        await until(self._all_said, "devices have sent what was late")
        await until(self._is_known, "the newest message of each device has come")
        self.report.missed = await self._missing()
        await until(self._is_whole, "nothing is missing", within=900)
        self.report.sent = sum(each.sent for each in self.devices)
        kept = await value(self.database, "SELECT count(*) FROM frames")
        self.report.lost = sum(each.frames for each in self.devices) - kept
        self.report.refused = await value(self.database, "SELECT count(*) FROM dead_letters")
        counted, are = await counts_and_systems(self.database)
        self.report.wrong_counts += counted != are

    async def _all_said(self) -> bool:
        return not any(each.past.waiting for each in self.devices)

    async def _is_known(self) -> bool:
        query = "SELECT sn, highest FROM starts JOIN systems ON id = system_id"
        async with self.database.read() as connection:
            found = await connection.execute(text(query))
            highest = {row.sn: row.highest for row in found}
        return all(highest.get(each.sn, 0) >= each.sent for each in self.devices)

    async def _missing(self) -> int:
        query = "SELECT coalesce(sum(missing), 0) FROM gaps WHERE closed_at IS NULL"
        return int(await value(self.database, query))

    async def _is_whole(self) -> bool:
        """Ask for what is missing; whether nothing is."""
        if not await self._missing():
            return True
        for each in self.devices:
            with contextlib.suppress(RequestError):  # nothing is missing, or it has yet to answer
                async with self.database.begin() as connection:
                    now = time.time_ns() // 1_000_000
                    await backfill.request(connection, PLATFORM, each.sn, now)
        return False


async def counts_and_systems(database: Database) -> tuple[Counts, Counts]:
    """What is counted, and what there is, at one moment."""
    async with database.read() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        counted = await counters.counts(connection)
        columns = (systems.c.status, systems.c.is_new, systems.c.is_upgrading)
        rows = (await connection.execute(select(*columns))).all()
    by_status = {name: sum(row.status == name for row in rows) for name in STATUSES}
    new, upgrading = (sum(row[n] for row in rows) for n in (1, 2))
    return counted, Counts(**by_status, new=new, upgrading=upgrading)


def drill(
    database: Database, mosquitto: Mosquitto, data: Path, *, devices: int = 8, seed: int = 7
) -> Drill:
    """A drill on this database and broker."""
    url = database.url.set(drivername=database.url.get_backend_name())
    address = mosquitto.address()
    told = environment(
        data, url.render_as_string(hide_password=False), f"mqtt://127.0.0.1:{mosquitto.port}"
    )
    return Drill(database, mosquitto, told, fleet(address, devices, seed))
