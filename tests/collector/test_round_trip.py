"""From a device to the readings and from a command to the device: every part of it real."""

import asyncio
import contextlib
import random
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
from sqlalchemy import text

from core.commanding import commands
from core.commanding.records import CommandRecord, CommandRequest
from core.fleet import systems
from core.registry import Channel
from core.runtime import topics
from core.runtime.clock import now
from core.runtime.collector.service import Collector
from core.runtime.database import Database
from core.runtime.envelope import Envelope
from core.runtime.ingest import run_ingest
from core.runtime.mqtt import MqttConsumer, MqttPublisher
from core.runtime.settings import Settings
from core.runtime.worker import run_worker
from core.site_files import read_site_file
from core.telemetry.readings import latest_of
from core.thing_model.messages import CommandMessage
from core.vectors import read_vectors
from tests.collector.devices import REGISTRY, Image, served
from tests.servers import HOST, Mosquitto, free_port

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SN = "9010KETU000W0000"
PATIENCE = 60.0
KILLS = 2
GOODWE = REGISTRY.plugins["inverters.goodwe_et"]

SITE = """
sn = "{sn}"
product_model = "goodwe-et"
timezone = "Europe/Berlin"
country = "DE"
name = "Test house"
[broker]
url = "mqtt://{host}:{broker}"
[slots.inverter]
tcp = "{host}"
port = {port}
interval = 0.3
slow_interval = 0.6
timeout = 1
"""


def goodwe_image() -> Image:
    """A GoodWe that says what the fullest plausible vector of each channel says."""
    image = Image()
    system = REGISTRY.system(REGISTRY.product("goodwe-et"))
    channels = system.parts["inverter"].channels
    vectors = read_vectors(GOODWE.file.parent).frames
    good = [v for v in vectors if v.data and not v.variant]
    for vector in sorted(good, key=lambda v: _plausible_values(channels[v.channel], v.data)):
        layout: Any = channels[vector.channel].decoder.layout
        image.put(3, layout.layout.start, layout.framing.unwrap(vector.data))
    return image


def _plausible_values(channel: Channel, data: bytes) -> int:
    """How many values of a frame are believed."""
    values, _refused = channel.read(data)
    return sum(value is not None for value in values)


@attrs.define
class House:
    """A site, the processes of the platform in tasks, and the device that it reads."""

    folder: Path
    mosquitto: Mosquitto
    database: Database
    settings: Settings
    device_port: int
    tasks: list[asyncio.Task[None]] = attrs.field(factory=list)

    @property
    def site(self) -> Path:
        path = self.folder / "site.toml"
        given = {"sn": SN, "host": HOST, "broker": self.mosquitto.port, "port": self.device_port}
        path.write_text(SITE.format(**given))
        return path

    def start(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self.tasks.append(task)
        return task

    def collector(self) -> asyncio.Task[None]:
        return self.start(Collector(read_site_file(self.site, REGISTRY)).run())

    async def system_id(self) -> int:
        async def known() -> int:
            async with self.database.read() as connection:
                found = await systems.by_sn(connection, SN)
            return found.id if found else 0

        return await until(known)

    async def value(self, key: str) -> Any:
        async with self.database.read() as connection:
            latest = await latest_of(connection, await self.system_id())
        reading = latest.get(("inverter", key))
        return reading and reading.value

    async def rows(self, query: str) -> list[Any]:
        async with self.database.read() as connection:
            return list(await connection.execute(text(query)))

    async def submit(self, name: str, **parameters: Any) -> CommandRecord:
        model = REGISTRY.system(REGISTRY.product("goodwe-et"))
        async with self.database.begin() as connection:
            request = CommandRequest("inverter", name, parameters)
            return await commands.submit(
                connection, model, await self.system_id(), request, by="ann", now=now()
            )

    async def finished(self, record: CommandRecord) -> CommandRecord:
        async def over() -> CommandRecord | None:
            async with self.database.read() as connection:
                found = await commands.by_id(connection, record.id)
            return found if found and found.finished_at else None

        return await until(over)


async def until(check: Callable[[], Awaitable[Any]]) -> Any:
    """What `check` gives as soon as it gives something."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await check()):  # noqa: ASYNC110  it happens in other processes
            await asyncio.sleep(0.05)
    return found


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def house(tmp_path: Path, mosquitto: Mosquitto) -> AsyncIterator[House]:
    settings = Settings(
        tmp_path, f"sqlite:///{tmp_path / 'test.db'}", f"mqtt://{HOST}:{mosquitto.port}"
    )
    database = Database(settings.database_url)
    await database.open()
    made = House(tmp_path, mosquitto, database, settings, free_port())
    made.start(run_ingest(settings))
    made.start(run_worker(settings))
    await until(lambda: made.rows("SELECT name FROM processes WHERE kind = 'ingest'"))
    yield made
    for task in reversed(made.tasks):
        await end(task)
    await database.close()


async def test_readings_arrive_and_a_command_is_proven(house: House):
    written: list[tuple[int, int, list[int]]] = []

    async def note(function, _start, address, _count, _registers, values):
        if values is not None:
            written.append((function, address, list(values)))

    device = goodwe_image().device(247, note)
    async with served([device], port=house.device_port):
        collector = house.collector()
        await until(lambda: house.value("battery_soc"))
        await until(lambda: _channels(house, 15))
        record = await house.submit("set_grid_export_limit", grid_export_limit=3210)
        done = await house.finished(record)
        assert (done.state, done.reason) == (
            "SUCCEEDED",
            "the readings show it: grid_export = 1, grid_export_limit = 3210",
        )
        assert written == [(16, 47509, [1, 3210])]
        lifted = await house.finished(await house.submit("lift_grid_export_limit"))
        assert lifted.state == "SUCCEEDED"
        assert written[1:] == [(6, 47509, [0])]
        await end(collector)
    (system,) = await house.rows("SELECT name, timezone, country FROM systems")
    assert tuple(system) == ("Test house", "Europe/Berlin", "DE")
    assert await house.rows("SELECT code, reason FROM dead_letters") == []


async def test_a_command_is_carried_out_once_and_its_answer_is_repeated(house: House):
    written = 0

    async def note(_function, _start, _address, _count, _registers, values):
        nonlocal written
        written += values is not None

    device = goodwe_image().device(247, note)
    async with served([device], port=house.device_port):
        collector = house.collector()
        await house.system_id()
        record = await house.submit("lift_grid_export_limit")
        await house.finished(record)
        message = CommandMessage(
            record.id, "inverter", record.name, {}, now() + 60_000, record.frame.hex()
        )
        await end(collector)
        collector = house.collector()
        await until(lambda: house.rows("SELECT 1 FROM systems WHERE 1"))
        async with MqttPublisher(house.mosquitto.address(), "again") as publisher:
            payload = msgspec.json.encode(message)
            await publisher.publish(topics.command(SN), payload)
            late = msgspec.structs.replace(message, id="01JAAAAAAAAAAAAAAAAAAAAAAB", expires_at=1)
            await publisher.publish(topics.command(SN), msgspec.json.encode(late))
            other = msgspec.structs.replace(message, id="01JAAAAAAAAAAAAAAAAAAAAAAC", frame="00")
            await publisher.publish(topics.command(SN), msgspec.json.encode(other))
        answers = await until(lambda: _answers(house.folder / "site.outbox", 6))
        await end(collector)
    said = [(answer["id"][-1], answer["status"]) for answer in answers]
    assert said[3:] == [(record.id[-1], "succeeded"), ("B", "rejected"), ("C", "rejected")]
    assert "expired" in answers[4]["detail"]
    assert "not the declared write" in answers[5]["detail"]
    assert written == 1


async def _answers(outbox: Path, count: int) -> list[dict[str, Any]]:
    """What was answered, once there is so much of it."""
    found = _answered(outbox)
    return found if len(found) >= count else []


def _answered(outbox: Path) -> list[dict[str, Any]]:
    """From a copy, for the file is in use."""
    copies = [outbox.with_name(f"copy{end}") for end in ("", "-wal")]
    for copy, end_ in zip(copies, ("", "-wal"), strict=True):
        copy.write_bytes(Path(f"{outbox}{end_}").read_bytes())
    with contextlib.closing(sqlite3.connect(copies[0])) as connection:
        rows = connection.execute("SELECT body FROM entries WHERE kind = 'ack' ORDER BY id")
        return [msgspec.json.decode(body) for (body,) in rows]


async def _note_sequences(consumer: MqttConsumer, into: set[int]) -> None:
    async for batch in consumer.batches():
        into |= {Envelope.parse(message.payload).sequence for message in batch}
        await consumer.acknowledge(batch)


async def test_what_is_read_while_the_broker_is_away_comes_as_backfill(house: House):
    backfilled: set[int] = set()
    watcher = MqttConsumer(house.mosquitto.address(), "watcher", topics.BACKFILL_FILTERS)
    async with watcher, served([goodwe_image().device(247)], port=house.device_port):
        house.start(_note_sequences(watcher, backfilled))
        collector = house.collector()
        await until(lambda: house.value("battery_soc"))
        house.mosquitto.stop()
        gone = now()
        await asyncio.sleep(2.5)
        kept = now()
        await asyncio.sleep(1)  # what is being read when the broker comes back goes out as live
        house.mosquitto.start()
        await until(lambda: _caught_up(house))
        await end(collector)
    await until(lambda: _nothing_missing(house))
    late = await house.rows(
        f"SELECT sequence FROM frames WHERE device_time > {gone} AND device_time < {kept}"
    )
    assert len(late) >= 10
    await until(lambda: _holds(backfilled, {row.sequence for row in late}))


async def _nothing_missing(house: House) -> bool:
    """Every frame that the outbox has as sent is among those of the platform, once."""
    rows = await house.rows("SELECT boot_id, sequence, device_time FROM frames")
    frames = [tuple(row) for row in rows]
    assert len(set(frames)) == len(frames)
    return _stored(house.folder / "site.outbox") <= set(frames)


async def _caught_up(house: House) -> bool:
    """Frames of this moment arrive as live ones again."""
    rows = await house.rows(
        "SELECT receive_time - device_time AS lag FROM frames ORDER BY receive_time DESC LIMIT 20"
    )
    return len(rows) == 20 and all(row.lag < 1000 for row in rows)


def _stored(outbox: Path) -> set[tuple[int, int, int]]:
    with contextlib.closing(sqlite3.connect(outbox)) as connection:
        query = "SELECT boot_id, sequence, device_time FROM entries WHERE kind = 'frame' AND sent"
        return set(connection.execute(query))


async def test_killed_at_any_moment_every_stored_frame_arrives(house: House):
    chance = random.Random(4)
    async with served([goodwe_image().device(247)], port=house.device_port):
        for boots in range(1, KILLS + 1):
            command = ("-m", "portal.cli", "collect", str(house.site))
            process = await asyncio.create_subprocess_exec(
                sys.executable, *command, stderr=asyncio.subprocess.DEVNULL
            )
            await until(lambda boots=boots: _boots(house, boots))
            await asyncio.sleep(chance.uniform(0, 1.0))
            process.kill()
            await process.wait()
        collector = house.collector()
        await until(lambda: _all_arrived(house))
        await end(collector)
    await until(lambda: _nothing_missing(house))
    assert await house.rows("SELECT code, reason FROM dead_letters") == []


async def _channels(house: House, count: int) -> bool:
    return len(await house.rows("SELECT DISTINCT channel_id FROM frames")) == count


async def _holds(found: set[int], wanted: set[int]) -> bool:
    return found >= wanted


async def _boots(house: House, count: int) -> bool:
    return len(await house.rows("SELECT DISTINCT boot_id FROM frames")) == count


async def _all_arrived(house: House) -> bool:
    """Frames of all boots are there, of the last as live ones."""
    return await _boots(house, KILLS + 1) and await _caught_up(house)
