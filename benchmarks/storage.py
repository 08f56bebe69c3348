"""How much room frames take before and after compaction, and what compacting costs.

`python -m benchmarks.storage [DATABASE-URL] [--devices N] [--interval SECONDS] [--simulator]`

A day of frames of 200 bytes is written as ingest writes them, device by device in turn: 40 of 100
registers constant, 20 drifting slowly, 25 with noise, 15 counting; with --simulator the built-in
simulator's frames instead, which are of many sizes. Use a database that holds nothing else.
"""

import argparse
import asyncio
import random
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.host import load
from core.records import insert_new
from core.runtime.database import Database
from core.runtime.housekeeping import Housekeeper, Keeping
from core.runtime.simulator import simulated_fleet
from core.telemetry import chunks
from core.telemetry.partitions import DAY
from core.telemetry.tables import frames

MIDNIGHT = 1_790_000_000_000 // DAY * DAY
COLUMNS = ("system_id", "channel_id", "device_time", "boot_id", "sequence", "receive_time")
BATCH = 1000
Body = tuple[int, int, bytes]


def recipe(devices: int, interval: int) -> Iterator[tuple[int, list[Body]]]:
    """Per turn the frames of all devices: (system id, channel id, body)."""
    chance = random.Random(7)
    states = [[chance.randrange(65_536) for _ in range(100)] for _ in range(devices)]
    for turn in range(86_400 // interval):
        found: list[Body] = []
        for n, state in enumerate(states):
            for place in range(40, 60):
                if chance.random() < 0.05:
                    state[place] = state[place] + chance.choice((-1, 1)) & 0xFFFF
            for place in range(85, 100):
                state[place] = state[place] + chance.randrange(3) & 0xFFFF
            noisy = [s + chance.randrange(-8, 9) & 0xFFFF for s in state[60:85]]
            said = state[:60] + noisy + state[85:]
            found.append((n + 1, 1, struct.pack(">100H", *said)))
        yield turn, found


def simulated(devices: int, interval: int) -> Iterator[tuple[int, list[Body]]]:
    """The same from the built-in simulator, with the settings that it says now and then."""
    fleet = simulated_fleet(load(), devices)
    numbers: dict[tuple[str, str], int] = {}
    for turn in range(86_400 // interval):
        now = datetime.fromtimestamp(MIDNIGHT / 1000, UTC) + timedelta(seconds=turn * interval)
        found: list[Body] = []
        for n, system in enumerate(fleet):
            for slot, channel, body in system.frames(now, settings=turn % 12 == 0):
                number = numbers.setdefault((slot, channel), len(numbers) + 1)
                found.append((n + 1, number, body))
        yield turn, found


async def fill(database: Database, source: Iterator[tuple[int, list[Body]]], interval: int) -> int:
    chance, size, rows, sequences = random.Random(5), 0, [], {}
    for turn, found in source:
        for system, channel, body in found:
            at = MIDNIGHT + turn * interval * 1000 + chance.randrange(300)
            sequences[system] = sequences.get(system, 0) + 1
            late = at + chance.randrange(20, 400)
            rows.append((system, channel, at, 77, sequences[system], late, 1, body))
            size += len(body)
        while len(rows) >= BATCH:
            await _write(database, rows[:BATCH])
            del rows[:BATCH]
    if rows:
        await _write(database, rows)
    return size


async def _write(database: Database, rows: list[tuple]) -> None:
    async with database.begin() as connection:
        await insert_new(connection, frames, (*COLUMNS, "decoder_id", "body"), rows)


async def room(connection: AsyncConnection, kind: str) -> int:
    """Bytes of the tables with their indexes; on SQLite of the whole file, less what is free."""
    if connection.dialect.name == "postgresql":
        query = (
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class "
            f"WHERE relkind = 'r' AND relname ~ '{kind}'"
        )
        return int(await connection.scalar(text(query)))
    pages = [
        await connection.scalar(text(f"PRAGMA {name}"))
        for name in ("page_count", "freelist_count", "page_size")
    ]
    return (pages[0] - pages[1]) * pages[2]


async def measure(url: str, devices: int, interval: int, *, simulator: bool) -> None:
    database = Database(url)
    await database.open()
    await Housekeeper(database, Keeping(2), lambda: MIDNIGHT, 0).prepare()
    source = (simulated if simulator else recipe)(devices, interval)
    size = await fill(database, source, interval)
    async with database.read() as connection:
        count = await connection.scalar(text("SELECT count(*) FROM frames"))
        before = await room(connection, "^frames_(default|2)")
    print(f"{count} frames of {size / count:.0f} bytes: {before / count:.1f} bytes each")
    started, cpu = time.monotonic(), time.process_time()
    await Housekeeper(database, Keeping(2), lambda: MIDNIGHT + 30 * DAY, 0).compact()
    lasted, cpu = time.monotonic() - started, time.process_time() - cpu
    async with database.read() as connection:
        after = await room(connection, "^frame_chunks")
        made, _, octets = await chunks.totals(connection)
    await database.close()
    print(f"compacted: {after / count:.1f} bytes each ({octets / count:.1f} in {made} chunks)")
    print(f"{count / lasted:.0f} frames/s, {cpu / count * 1e6:.0f} us CPU of ours for each")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("url", nargs="?", help="an empty database; SQLite in a new folder if none")
    parser.add_argument("--devices", type=int, default=100)
    parser.add_argument("--interval", type=int, default=60)
    parser.add_argument("--simulator", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        url = given.url or f"sqlite:///{Path(folder) / 'x.db'}"
        asyncio.run(measure(url, given.devices, given.interval, simulator=given.simulator))


if __name__ == "__main__":
    main()
