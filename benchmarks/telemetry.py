"""What a day of chosen datapoints costs: `python -m benchmarks.telemetry [--short] [--json]`.

A SMILE5 that sent a frame every ten seconds of a day (8,640), in SQLite. Compared are three of its
datapoints as the chart asks for them, with the frames read from the database, decoded and thinned;
the same frames decoded and nothing done with them; and the same frames only read.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from attrs import frozen
from sqlalchemy import insert

from benchmarks.measure import Report, Target, arguments, measure
from core.fleet import systems
from core.fleet.systems import Registration
from core.host import load
from core.registry import Channel, Registry, System
from core.runtime.database import Database
from core.simulation.system import SimulatedSystem
from core.telemetry.curves import Address
from core.telemetry.history import frames_between
from core.telemetry.names import Names
from core.telemetry.periods import DAY
from core.telemetry.samples import columns
from core.telemetry.tables import frames

SN = "BENCHSAMPLE1"
BEGIN = 1_830_297_600_000
"""2028-01-01."""
INTERVAL = 10_000
WIDTH = 60_000
"""Of a column of a day's chart."""
SLOT, CHANNEL = "inverter", "battery"
POINTS = 3
PLAYED = 144
"""Frames that differ; they are sent again and again."""


@frozen(eq=False)
class Sent:
    """A database with a day of frames of one channel."""

    database: Database
    system_id: int
    system: System
    slot: str
    channel: Channel
    bodies: list[bytes]

    @property
    def points(self) -> list[Address]:
        return [(self.slot, key) for key in self.channel.keys[:POINTS]]

    async def chart(self) -> int:
        """The columns of the datapoints."""
        async with self.database.read() as connection:
            span = (BEGIN, BEGIN + DAY)
            found = await columns(connection, self.system_id, self.system, self.points, span, WIDTH)
        return sum(len(each.held) for each in found.values())

    async def read(self) -> int:
        """The frames as they are."""
        span = (BEGIN, BEGIN + DAY)
        name = self.channel.name
        async with self.database.read() as connection:
            found = frames_between(connection, self.system_id, self.slot, name, *span)
            return sum([1 async for _ in found])

    def decode(self) -> None:
        """All values of the frames."""
        for body in self.bodies:
            self.channel.read(body)


def bodies_of(system: System, number: int) -> list[bytes]:
    """So many frames of the channel, played over a day, PLAYED of which differ."""
    playing, bodies = SimulatedSystem(SN, system, "UTC"), list[bytes]()
    for n in range(PLAYED):
        moment = datetime.fromtimestamp((BEGIN + n * DAY // PLAYED) / 1000, UTC)
        said = {(at, name): body for at, name, body in playing.frames(moment)}
        bodies.append(said[SLOT, CHANNEL])
    return [bodies[n % PLAYED] for n in range(number)]


async def made(url: str, registry: Registry, number: int) -> Sent:
    """A new database with so many frames of the channel in it."""
    database = Database(url)
    await database.open()
    system = registry.system(registry.products["smile5", "1.0.0"])
    slot, channel = SLOT, system.parts[SLOT].channels[CHANNEL]
    bodies = bodies_of(system, number)
    async with database.begin() as connection:
        given = Registration(SN, "smile5", timezone="UTC")
        record = await systems.register(connection, registry, given, BEGIN)
        known = Names()
        place = (await known.channels(connection, [(slot, channel.name)]))[slot, channel.name]
        read_by = (await known.decoders(connection, [("1.0.0", "bench")]))["1.0.0", "bench"]
        rows = [
            {
                "system_id": record.id,
                "device_time": BEGIN + n * INTERVAL,
                "boot_id": 1,
                "sequence": n,
                "receive_time": BEGIN + n * INTERVAL,
                "channel_id": place,
                "decoder_id": read_by,
                "body": body,
            }
            for n, body in enumerate(bodies)
        ]
        await connection.execute(insert(frames), rows)
    return Sent(database, record.id, system, slot, channel, bodies)


def compare(loop: asyncio.AbstractEventLoop, sent: Sent, *, rounds: int, seconds: float) -> Report:
    """All three, after a check that every frame is read."""
    number = len(sent.bodies)
    assert loop.run_until_complete(sent.read()) == number
    assert loop.run_until_complete(sent.chart()) > 0

    def run(call: Callable[[], Awaitable[object]]) -> Callable[[], object]:
        async def once() -> None:
            await call()

        return lambda: loop.run_until_complete(once())

    calls = {"chart": run(sent.chart), "read": run(sent.read), "decode": sent.decode}
    found = measure(calls, rounds=rounds, seconds=seconds)
    figures = {f"{name}_ms": 1000 * found.seconds(name) for name in calls}
    figures["frames"], figures["values_per_frame"] = number, len(sent.channel.keys)
    chart, read, decode = (found.seconds(name) for name in calls)
    ratios = {
        "chart_to_decoding_alone": chart / decode,
        "chart_to_reading_and_decoding": chart / (read + decode),
    }
    return Report("a day of three datapoints over time", figures, ratios, TARGETS)


TARGETS = (Target("chart_to_reading_and_decoding", 1.5, most=True),)


def main() -> None:
    given = arguments(__doc__)
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory() as folder:
        sent = loop.run_until_complete(made(f"sqlite:///{folder}/b.db", load(), DAY // INTERVAL))
        rounds = 3 if given.short else 9
        compare(loop, sent, rounds=rounds, seconds=0.5).show(as_json=given.json)
        loop.run_until_complete(sent.database.close())
    loop.close()


if __name__ == "__main__":
    main()
