"""Taking frames in, end to end, against a bare loop: both on this machine, one after the other.

A publisher sends frames of 100 registers and 60 datapoints with QoS 1 to a broker; a worker takes
them, commits, and acknowledges. `full` is the worker of `thingwright ingest`: it decodes, judges,
keeps the latest state and rolls up. `bare` stores the raw rows and one row of latest state for each
device, and decodes nothing. Publisher, broker, worker and database share the machine's cores, and
the worker starts before the publisher does. The ratio is what matters: full / bare of the same run.

    python -m benchmarks.ingest --transport mqtt jetstream --database sqlite postgresql
"""

import argparse
import asyncio
import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from sqlalchemy import text

from benchmarks.bare import Bare
from benchmarks.decode import LAYOUT, RANGES, frames
from benchmarks.measure import Report, Target
from core.fleet import systems
from core.fleet.systems import Registration
from core.host import load
from core.runtime import bus, topics
from core.runtime.database import Database
from core.runtime.envelope import Envelope
from core.runtime.ingest import UPLINK_FILTERS, Ingest, spare_collector
from core.runtime.settings import Settings
from core.thing_model.layout.layouts import compile_layout
from tests.databases import PostgreSQL
from tests.servers import Mosquitto, NatsServer

INTERVAL = 10_000
COUNTERS = ("pv_energy_total", "energy_imported", "energy_exported", "energy_charged")
PATIENCE = 300.0
SUSTAINED = 6000
"""Frames per second that are to be sustained."""

SOURCE = '''"""The inverter of the benchmark."""

from benchmarks.decode import LAYOUT, ROWS
from thingwright import Component, Datapoint, Decoder, hookimpl, product_files

ROLES = {
    "pv_power": ("W", "pv.power", None),
    "battery_power": ("W", "battery.power", "charging"),
    "grid_power": ("W", "grid.power", "importing"),
    "load_power": ("W", "load.power", None),
    "battery_soc": ("%", "battery.soc", None),
    "pv_energy_total": ("kWh", "pv.energy", None),
    "energy_imported": ("kWh", "grid.energy_imported", None),
    "energy_exported": ("kWh", "grid.energy_exported", None),
    "energy_charged": ("kWh", "battery.energy_charged", None),
}


@hookimpl
def declare_components():
    yield Component("inverter", "Benchmark")


@hookimpl
def declare_datapoints():
    for row in ROWS:
        unit, role, positive = ROLES.get(row.key, ("", None, None))
        limits = None if row.range == (None, None) else row.range
        yield Datapoint(row.key, unit, role, positive=positive, range=limits)


@hookimpl
def declare_decoders():
    yield Decoder("running", LAYOUT)


@hookimpl
def declare_products():
    return product_files(__file__)
'''
PRODUCT = """id = "load"
name = "Load"
version = "1.0.0"
inverter = "inverters.load"
"""


def write_plugin(folder: Path) -> None:
    """The plugin of the frames, and a product model that mounts it."""
    plugin = folder / "inverters" / "load"
    (plugin / "products").mkdir(parents=True)
    (plugin / "__init__.py").write_text(SOURCE, encoding="utf-8")
    (plugin / "products" / "load.toml").write_text(PRODUCT, encoding="utf-8")


def serial(device: int) -> str:
    return f"LOAD{device:08}"


def bodies(number: int) -> list[bytes]:
    """What devices say one after the other: anything plausible, and counters that grow."""
    codec = compile_layout(LAYOUT, RANGES)
    made: list[bytes] = []
    for n, sample in enumerate(frames(number)):
        values = dict(zip(codec.keys, codec.decode(sample), strict=True))
        made.append(codec.encode(values | dict.fromkeys(COUNTERS, 1000 + n / 10)))
    return made


def messages(number: int, devices: int, now: int) -> Iterator[tuple[str, bytes]]:
    """Topic and payload of the frames, each device's next one after all others' last one."""
    rounds = -(-number // devices)
    said = bodies(min(rounds, 500))
    for n in range(number):
        step, device = divmod(n, devices)
        at = now - (rounds - step) * INTERVAL
        payload = Envelope(1, step + 1, at, said[min(step, len(said) - 1)]).pack()
        yield topics.frame(serial(device), "inverter", "running"), payload


def publish(port: int, number: int, devices: int) -> None:
    """Send all frames with QoS 1 as fast as the broker takes them."""
    with socket.create_connection(("127.0.0.1", port)) as broker:
        broker.sendall(b"\x10\x15\x00\x04MQTT\x04\x02\x00\x00\x00\x09publisher")
        assert broker.recv(4)[3] == 0, "the broker lets nobody in"
        packets, confirmed, now = bytearray(), 0, int(time.time() * 1000)
        for n, (topic, payload) in enumerate(messages(number, devices, now)):
            packets += _packet(topic.encode(), payload, n % 65_535 + 1)
            if n % 100 == 99 or n == number - 1:
                broker.sendall(packets)
                packets.clear()
                while n + 1 - confirmed // 4 > 2000:
                    confirmed += len(broker.recv(65_536))
        while confirmed // 4 < number:
            confirmed += len(broker.recv(65_536))


def _packet(topic: bytes, payload: bytes, number: int) -> bytes:
    rest = len(topic).to_bytes(2, "big") + topic + number.to_bytes(2, "big") + payload
    length = (
        bytes((len(rest) & 127 | 128, len(rest) >> 7)) if len(rest) > 127 else bytes((len(rest),))
    )
    return b"\x32" + length + rest


async def work(kind: str, settings: Settings, number: int) -> dict[str, float]:
    """Take `number` frames in and say what that took; the clock starts with the first."""
    database = Database(settings.database_url)
    await database.open()
    registry = load(settings.plugins)
    spare_collector()
    consumer = bus.consumer(settings, "ingest", "live", UPLINK_FILTERS)
    taken, started, working = 0, 0.0, 0.0
    async with consumer, asyncio.timeout(PATIENCE + number / 1000):
        ingest = Ingest(registry, database, consumer)
        bare = await Bare.of(database)
        print("ready", flush=True)
        async for batch in consumer.batches():
            if not taken:
                started, working = perf_counter(), process_time()
            if kind == "full":
                await ingest.take(batch)
            else:
                await bare.take(batch)
                await consumer.acknowledge(batch)
            taken += len(batch)
            if taken >= number:
                break
        seconds, cpu = perf_counter() - started, process_time() - working
    assert sum(ingest.counts.values()) == ingest.counts["taken"], ingest.counts
    size = await _size(database)
    await database.close()
    return {
        "frames_per_second": taken / seconds,
        "cpu_us_per_frame": cpu / taken * 1e6,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "bytes_per_frame": size / taken,
    }


async def _size(database: Database) -> float:
    """Bytes of the stored frames; on SQLite, of the whole file."""
    sqlite = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    query = sqlite if database.is_sqlite else "SELECT pg_total_relation_size('frames')"
    async with database.read() as connection:
        return float((await connection.execute(text(query))).scalar_one())


async def _register(url: str, plugins: Path, devices: int) -> None:
    registry, database = load([plugins]), Database(url)
    await database.open()
    async with database.begin() as connection:
        given = [Registration(serial(n), "load") for n in range(devices)]
        await systems.register_new(connection, registry, given, int(time.time() * 1000))
    await database.close()


def run(kind: str, transport: str, url: str, options: argparse.Namespace) -> dict[str, float]:
    """One worker of a kind, with a broker and a database of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        write_plugin(folder)
        asyncio.run(_register(url, folder, options.devices))
        nats = transport == "jetstream"
        server = (NatsServer if nats else Mosquitto)(folder)
        server.start()
        stack.callback(server.kill)
        port = server.mqtt_port if isinstance(server, NatsServer) else server.port
        broker = f"nats://127.0.0.1:{server.port}" if nats else f"mqtt://127.0.0.1:{port}"
        common = ["--frames", str(options.frames), "--devices", str(options.devices)]
        me = [sys.executable, "-m", "benchmarks.ingest", *common]
        worker = stack.enter_context(
            subprocess.Popen(
                [*me, "--worker", kind, "--url", url, "--broker", broker, "--plugins", str(folder)],
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(worker.kill)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n", "the worker did not start"
        subprocess.run([*me, "--publisher", str(port)], check=True)
        figures: dict[str, float] = json.loads(worker.stdout.readline())
        worker.wait()
        return figures


def cell(transport: str, kind: str, options: argparse.Namespace) -> Report:
    """Bare and full in turns, and the median of what each turn says."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="thingwright-")))
        folder.chmod(0o755)
        server = PostgreSQL(folder / "cluster") if kind == "postgresql" else None
        if server:
            server.create()
            stack.callback(server.stop)
        turns: list[dict[str, dict[str, float]]] = []
        for n in range(options.rounds):
            turns.append({})
            for each in ("bare", "full"):
                url = server.new_database() if server else f"sqlite:///{folder}/{each}{n}.db"
                turns[-1][each] = run(each, transport, url, options)
    names = turns[0]["full"]
    figures = {f"{e}_{n}": median(t[e][n] for t in turns) for e in ("bare", "full") for n in names}
    rate = "frames_per_second"
    ratio = median(turn["full"][rate] / turn["bare"][rate] for turn in turns)
    targets = [Target("ratio", 0.65), Target(f"full_{rate}", 8000)]
    return Report(f"ingest_{transport}_{kind}", figures, {"ratio": ratio}, targets)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transport", nargs="+", default=["mqtt", "jetstream"])
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--frames", type=int, default=40_000)
    said = f"instead: as many frames as {SUSTAINED:,} a second are in this time"
    parser.add_argument("--seconds", type=int, help=said)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    for hidden in ("--worker", "--url", "--broker", "--plugins", "--publisher"):
        parser.add_argument(hidden, default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.seconds:
        options.frames = options.seconds * SUSTAINED
    return options


def main() -> None:
    options = _options()
    if options.publisher:
        publish(int(options.publisher), options.frames, options.devices)
    elif options.worker:
        folder = Path(options.plugins)
        given = Settings(folder, options.url, options.broker, plugins=(folder,))
        print(json.dumps(asyncio.run(work(options.worker, given, options.frames))), flush=True)
    else:
        for transport in options.transport:
            for database in options.database:
                cell(transport, database, options).show(as_json=options.json)


if __name__ == "__main__":
    main()
