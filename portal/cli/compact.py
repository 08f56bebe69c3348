"""`thingwright compact`: what the worker does in the background, now and with its progress."""

import click

from core.runtime.database import Database
from core.runtime.housekeeping import Housekeeper
from core.runtime.settings import Settings
from core.runtime.worker import keeping
from core.telemetry import chunks
from portal.cli.processes import run, settings


@click.command()
@click.option("--rest", default=0.0, show_default=True, help="Seconds of rest per second of work.")
def compact(rest: float) -> None:
    """Compact frames of days older than THINGWRIGHT_HOT_DAYS.

    It may be ended at any time, and run beside ingest and worker.
    """
    run(_compact(settings(), rest))


async def _compact(given: Settings, rest: float) -> None:
    database = Database(given.database_url)
    await database.open()
    try:
        housekeeper = Housekeeper(database, keeping(given), rest=rest)
        done = await housekeeper.compact(lambda count: click.echo(f"{count} frames", err=True))
        async with database.read() as connection:
            made, frames, octets = await chunks.totals(connection)
    finally:
        await database.close()
    click.echo(f"{done} frames compacted; in all {frames} frames in {made} chunks")
    if frames:
        click.echo(f"{octets} bytes, {octets / frames:.1f} for each frame")
