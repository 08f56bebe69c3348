"""The long set of drills, with a report: `python -m tests.faults --kills 500 --broker-kills 50`."""

import argparse
import asyncio
import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from core.runtime.database import Database
from tests.databases import PostgreSQL
from tests.faults.drills import Report, drill
from tests.servers import Mosquitto


def main() -> int:
    """Run the drills; 1 if anything was lost, refused or counted wrongly."""
    given = arguments()
    logging.basicConfig(level=logging.ERROR)
    report = asyncio.run(run(given))
    sys.stdout.write(f"{given.database}: {report}\n")
    return int(bool(report.lost or report.refused or report.wrong_counts))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of ingest")
    parser.add_argument("--broker-kills", type=int, default=5, help="of mosquitto")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--devices", type=int, default=8)
    parser.add_argument("--mean", type=float, default=1.0, help="seconds between kills")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


async def run(given: argparse.Namespace) -> Report:
    with folders() as folder:
        broker = Mosquitto(folder / "broker")
        broker.start()
        try:
            with database_url(given.database, folder) as url:
                database = Database(url)
                await database.open()
                made = drill(
                    database, broker, folder / "data", devices=given.devices, seed=given.seed
                )
                report = await made.run(
                    given.kills, given.broker_kills, mean=given.mean, seed=given.seed
                )
                await database.close()
                return report
        finally:
            broker.kill()


@contextlib.contextmanager
def folders() -> Iterator[Path]:
    """A folder for the broker and the data, where the user postgres can reach it."""
    with TemporaryDirectory(prefix="thingwright-") as parent:
        folder = Path(parent)
        folder.chmod(0o755)
        for name in ("broker", "data"):
            (folder / name).mkdir()
        yield folder


@contextlib.contextmanager
def database_url(kind: str, folder: Path) -> Iterator[str]:
    """A new database of this kind."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'drill.db'}"
        return
    cluster = PostgreSQL(folder / "cluster")
    cluster.create()
    try:
        yield cluster.new_database()
    finally:
        cluster.stop()


if __name__ == "__main__":
    sys.exit(main())
