"""The long-running processes besides the portal: broker, ingest, worker, simulated devices."""

import asyncio
import logging
import os
import re
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from core.host import load
from core.runtime.broker import run_broker
from core.runtime.bus import mqtt_address
from core.runtime.credentials import CredentialsError
from core.runtime.database import DatabaseError
from core.runtime.ingest import run_ingest
from core.runtime.replay import replay
from core.runtime.settings import PREFIX, Settings, SettingsError
from core.runtime.simulator import Playback, simulate, simulated_fleet
from core.runtime.transport import TransportError
from core.runtime.worker import run_worker
from core.thing_model.problems import ModelError
from portal.resource.jobs import run_jobs
from portal.texts import said_in

SLOT = re.compile(r"[A-Za-z0-9_]{1,16}")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=1883, show_default=True)
def broker(host: str, port: int) -> None:
    """Run the embedded MQTT broker (for one machine; use mosquitto or NATS for a fleet)."""
    run(run_broker(host, port, settings().credentials()))


@click.command()
@click.option("--slot", default="1", show_default=True, help="This worker's name among several.")
@click.option("--shared", is_flag=True, help="Divide the messages with other shared workers.")
def ingest(slot: str, *, shared: bool) -> None:
    """Take in what devices send, store it, and acknowledge it after the commit.

    Several take part in the work if each has a slot of its own. By NATS they always divide the
    messages; by MQTT all of them, from the first on, have to be --shared.
    """
    if not SLOT.fullmatch(slot):
        raise click.BadParameter("one to sixteen of a-z, A-Z, 0-9 and _", param_hint="--slot")
    run(run_ingest(settings(), slot, shared=shared))


@click.command()
def worker() -> None:
    """Send commands and messages, find silent systems, make days, compact, write exports."""
    run(_work(settings()))


async def _work(given: Settings) -> None:
    """What the worker does by itself, and what people ask for; if one of them breaks, both end."""
    async with asyncio.TaskGroup() as both:
        both.create_task(run_worker(given, said_in))
        both.create_task(run_jobs(given, load(given.plugins)))


@click.command("simulate")
@click.option("--broker", "url", help="mqtt://host:port; THINGWRIGHT_BROKER if not given.")
@click.option("--devices", default=10, show_default=True, help="How many systems speak.")
@click.option("--interval", default=10.0, show_default=True, help="Seconds between frames.")
@click.option("--plugin", "plugins", multiple=True, help="Only systems that use this plugin.")
@click.option(
    "--replay",
    "captures",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Send the captured frames of a folder as the real device would, once.",
)
@click.option("--sn", default="", help="Serial number of the replayed device.")
def simulation(
    *,
    url: str | None,
    devices: int,
    interval: float,
    plugins: tuple[str, ...],
    captures: Path | None,
    sn: str,
) -> None:
    """Play devices from their own declarations, through the broker like real ones."""
    given = settings(broker=url)
    address = mqtt_address(given, "worker")
    playback = Playback(address.host, address.port, interval, given.credentials())
    registry = load(given.plugins)
    if captures is not None:
        sent = run(replay(registry, captures, playback, sn=sn, plugins=plugins))
        click.echo(f"{sent} frames sent")
        return
    fleet = simulated_fleet(registry, devices, plugins)
    if not fleet:
        raise click.ClickException(
            f"no product model uses {', '.join(plugins) or 'any plugin with a channel'}: "
            "`thingwright plugins` lists what is loaded"
        )
    run(simulate(fleet, playback))


def settings(broker: str | None = None) -> Settings:
    """The settings of this process, perhaps with another broker; mistakes end it in one message."""
    given = {**os.environ, f"{PREFIX}BROKER": broker} if broker else None
    try:
        return Settings.from_environment(given)
    except (SettingsError, CredentialsError) as error:
        raise click.ClickException(str(error)) from None


Result = TypeVar("Result")

EXPECTED = (TransportError, CredentialsError, DatabaseError, ModelError)
"""What the world outside can do to a process; everything else is our fault and shows as such."""


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run until done or told to end; what cannot be done is said in one line."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        return asyncio.run(_endable(work))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise click.exceptions.Exit(0) from None
    except EXPECTED as error:
        raise click.ClickException(str(error)) from None
    except BaseExceptionGroup as group:
        expected, unexpected = group.split(EXPECTED)
        if expected is None or unexpected is not None:
            raise
        raise click.ClickException("; ".join(map(str, expected.exceptions))) from None


async def _endable(work: Coroutine[Any, Any, Result]) -> Result:
    """The work, cancelled when the process is asked to terminate."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
