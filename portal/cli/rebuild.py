"""`thingwright rebuild`: the past as the plugins read it today."""

from datetime import UTC, datetime, timedelta

import click

from core.fleet import systems
from core.host import load
from core.runtime.database import Database
from core.runtime.product_watch import ProductWatch
from core.runtime.settings import Settings
from core.telemetry.rebuild import channels_of
from core.telemetry.rebuild import rebuild as rebuild_channel
from portal.cli.processes import run, settings

DATE = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("sn")
@click.option("--from", "first", type=DATE, required=True, help="First day, UTC.")
@click.option("--to", "last", type=DATE, required=True, help="Last day, UTC.")
def rebuild(sn: str, first: datetime, last: datetime) -> None:
    """Make the roll-ups of a system anew, after a plugin was repaired; days are those of UTC.

    One transaction for each day and channel: it can be ended and begun again at any time.
    """
    if last < first:
        raise click.BadParameter("is before --from", param_hint="--to")
    done = run(_rebuild(settings(), sn, first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)))
    click.echo(f"{done} roll-ups of {sn} made anew")


async def _rebuild(given: Settings, sn: str, first: datetime, last: datetime) -> int:
    database, done = Database(given.database_url), 0
    products = ProductWatch(load(given.plugins), database)
    await database.open()
    try:
        await products.look()
        async with database.read() as connection:
            record = await systems.by_sn(connection, sn)
        model = systems.model_of(products.registry, record) if record else None
        if record is None or model is None:
            what = "its product model is not loaded" if record else "no such system is registered"
            raise click.ClickException(f"{sn}: {what}")
        while first <= last:
            start = int(first.timestamp() * 1000)
            first += timedelta(days=1)
            span = start, int(first.timestamp() * 1000)
            for key, channel in channels_of(record.id, model):
                async with database.begin() as connection:
                    done += await rebuild_channel(connection, key, channel, span)
    finally:
        await database.close()
    return done
