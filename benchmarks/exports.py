"""What exports cost: `python -m benchmarks.exports [--rows N] [--short] [--json]`.

Systems that sent a frame every ten seconds, in SQLite; three datapoints of each are taken out frame
by frame, as CSV, JSON Lines and Parquet, as the worker does it. Compared is a bare cursor over the
same frames, which reads the bytes and decodes none of them. Rates are rows in a second of CPU of
this process; its growth is that of its resident memory while a file is written, which has to stay
the same however many rows there are (10,000,000 take some 3 GB of disk and most of an hour).
"""

import argparse
import asyncio
import gc
import sqlite3
import tempfile
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Final, get_args

import psutil
from attrs import frozen
from sqlalchemy import insert

from benchmarks.measure import Report, Target
from benchmarks.telemetry import BEGIN, CHANNEL, INTERVAL, POINTS, SLOT, bodies_of
from core.access import PLATFORM
from core.exports import taking
from core.exports.requests import DataRequest, Format
from core.exports.taking import Plan, Progress
from core.fleet import systems
from core.fleet.systems import Registration
from core.host import load
from core.registry import Registry
from core.runtime.database import Database
from core.telemetry.names import Names
from core.telemetry.periods import DAY
from core.telemetry.tables import frames

A_DAY: Final = DAY // INTERVAL
"""Rows of a day of a system."""
MOST_DAYS: Final = 31
USUAL, SHORT = 10 * A_DAY, 2 * A_DAY
FIRST: Final = datetime.fromtimestamp(BEGIN / 1000, UTC).date()
MIB: Final = 2**20
TARGETS: Final = tuple(Target(f"{name}_grows_mib", 150, most=True) for name in get_args(Format))


@frozen(eq=False)
class Sent:
    """A database in which every one of `sns` sent frames for so many days."""

    database: Database
    registry: Registry
    path: Path
    sns: tuple[str, ...]
    days: int
    points: tuple[str, ...]

    @property
    def rows(self) -> int:
        return len(self.sns) * self.days * A_DAY

    async def plan(self, format_: Format) -> Plan:
        last = FIRST + timedelta(days=self.days - 1)
        wanted = DataRequest("readings", self.sns, FIRST, last, format_, self.points)
        async with self.database.read() as connection:
            return await taking.plan(connection, self.registry, PLATFORM, wanted)

    async def written(self, format_: Format, path: Path) -> AsyncGenerator[Progress]:
        """Write the file, as the worker does; tells of each day."""
        async for progress in taking.write(
            self.database.read, await self.plan(format_), path, Progress(0, 0)
        ):
            yield progress

    def bare(self) -> int:
        """Rows that a cursor gives, one after the other."""
        query = "SELECT device_time, boot_id, sequence, receive_time, decoder_id, body FROM frames"
        with sqlite3.connect(self.path) as connection:
            return sum(1 for _ in connection.execute(query))


async def made(folder: Path, registry: Registry, rows: int) -> Sent:
    """A new database with at least so many frames, in whole days of systems."""
    path = folder / "exports.db"
    database = Database(f"sqlite:///{path}")
    await database.open()
    whole = max(1, -(-rows // A_DAY))
    number = -(-whole // MOST_DAYS)
    days = -(-whole // number)
    system = registry.system(registry.products["smile5", "1.0.0"])
    channel = system.parts[SLOT].channels[CHANNEL]
    bodies = bodies_of(system, A_DAY)
    sns = tuple(f"BENCHEXPORT{n:05}" for n in range(number))
    known = Names()
    for sn in sns:
        async with database.begin() as connection:
            given = Registration(sn, "smile5", timezone="UTC")
            record = await systems.register(connection, registry, given, BEGIN)
            place = (await known.channels(connection, [(SLOT, CHANNEL)]))[SLOT, CHANNEL]
            read_by = (await known.decoders(connection, [("1.0.0", "bench")]))["1.0.0", "bench"]
        for day in range(days):
            begin = BEGIN + day * DAY
            values = [
                {
                    "system_id": record.id,
                    "device_time": begin + n * INTERVAL,
                    "boot_id": 1,
                    "sequence": day * A_DAY + n,
                    "receive_time": begin + n * INTERVAL,
                    "channel_id": place,
                    "decoder_id": read_by,
                    "body": body,
                }
                for n, body in enumerate(bodies)
            ]
            async with database.begin() as connection:
                await connection.execute(insert(frames), values)
    points = tuple(f"{SLOT}.{key}" for key in channel.keys[:POINTS])
    return Sent(database, registry, path, sns, days, points)


async def compare(sent: Sent, folder: Path) -> Report:
    """The bare cursor and each format, after a file of each that nobody times."""
    figures: dict[str, float] = {"rows": sent.rows}
    started = process_time()
    assert sent.bare() == sent.rows
    bare = process_time() - started
    figures["cursor_rows_per_second"] = sent.rows / bare
    ratios: dict[str, float] = {}
    for name in get_args(Format):
        await _warm(sent, name, folder)
        seconds, grown, size = await _timed(sent, name, folder)
        figures[f"{name}_rows_per_second"] = sent.rows / seconds
        figures[f"{name}_grows_mib"] = grown / MIB
        figures[f"{name}_bytes_per_row"] = size / sent.rows
        ratios[f"{name}_to_cursor"] = seconds / bare
    return Report("readings taken out", figures, ratios, TARGETS)


async def _warm(sent: Sent, name: Format, folder: Path) -> None:
    """A day of one system: what is loaded and compiled once is not counted."""
    one = Sent(sent.database, sent.registry, sent.path, sent.sns[:1], 1, sent.points)
    path = folder / f"warm.{name}"
    assert [progress.done async for progress in one.written(name, path)] == [1]
    path.unlink()


async def _timed(sent: Sent, name: Format, folder: Path) -> tuple[float, int, int]:
    """CPU seconds, bytes that the process grew at most, and bytes of the file."""
    process, path = psutil.Process(), folder / f"timed.{name}"
    gc.collect()
    before = most = process.memory_info().rss
    started = process_time()
    async for _ in sent.written(name, path):
        most = max(most, process.memory_info().rss)
    seconds = process_time() - started
    size = path.stat().st_size
    path.unlink()
    return seconds, most - before, size


async def _main(rows: int, *, as_json: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sent = await made(folder, load(), rows)
        (await compare(sent, folder)).show(as_json=as_json)
        await sent.database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=USUAL, help="at least so many")
    parser.add_argument("--short", action="store_true", help="two days; ends within 40 seconds")
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    given = parser.parse_args()
    asyncio.run(_main(SHORT if given.short else given.rows, as_json=given.json))


if __name__ == "__main__":
    main()
