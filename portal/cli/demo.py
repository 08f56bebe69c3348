"""`thingwright demo`: everything on one machine, with a simulated fleet."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Final

import click

from core.accounts import users
from core.runtime.clock import now
from core.runtime.credentials import Credentials
from core.runtime.database import Database
from core.runtime.settings import CREDENTIALS_FILE, PREFIX, Settings
from core.runtime.supervisor import Service, Supervisor
from portal.cli.processes import run, settings

AGAIN: Final = 0.2
"""Seconds between two looks whether the portal is there."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the portal.")
@click.option("--port", default=8080, show_default=True, help="Port of the portal.")
@click.option("--mqtt-port", default=1883, show_default=True, help="Port of the MQTT broker.")
@click.option("--devices", default=50, show_default=True, help="Simulated systems, 0 for none.")
@click.option("--interval", default=5.0, show_default=True, help="Seconds between their frames.")
def demo(host: str, port: int, mqtt_port: int, devices: int, interval: float) -> None:
    """Start database, broker, ingest, portal and a simulated fleet; end with Ctrl-C."""
    given = settings()
    _need_free(port, "--port")
    _need_free(mqtt_port, "--mqtt-port")
    _prepare_accounts(given.data)
    link = run(_setup_link(given, f"http://{host}:{port}"))
    said = (
        f"\n  Portal   http://{host}:{port}"
        f"\n  Sign in  {link or 'with the account that you have made'}"
        f"\n  Devices  mqtt://{host}:{mqtt_port} ({devices} simulated)\n"
    )
    environment = {
        f"{PREFIX}PORTAL_URL": f"http://{host}:{port}",
        **os.environ,
        f"{PREFIX}BROKER": f"mqtt://127.0.0.1:{mqtt_port}",
    }
    services = [
        Service("broker", ("broker", "--port", str(mqtt_port))),
        Service("ingest", ("ingest",)),
        Service("worker", ("worker",)),
        Service("portal", ("serve", "--host", host, "--port", str(port), "--no-setup-link")),
    ]
    if devices:
        play = ("simulate", "--devices", str(devices), "--interval", str(interval))
        services.append(Service("devices", play))
    click.echo("Starting; the address is said once the portal answers.")
    run(_run(Supervisor(tuple(services), environment), (host, port), said))


async def _run(supervisor: Supervisor, portal: tuple[str, int], said: str) -> None:
    """Run until the end, and say where once the portal answers."""
    saying = asyncio.create_task(_say_once_there(portal, said))
    try:
        await supervisor.run()
    finally:
        saying.cancel()


async def _say_once_there(portal: tuple[str, int], said: str) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(*portal)
        except OSError:
            await asyncio.sleep(AGAIN)
        else:
            writer.close()
            click.echo(said)
            return


def _prepare_accounts(data: Path) -> None:
    """Broker accounts and device secrets of this installation, made once."""
    data.mkdir(parents=True, exist_ok=True)
    path = data / CREDENTIALS_FILE
    if not path.exists():
        Credentials.generate().save(path)


async def _setup_link(given: Settings, address: str) -> str | None:
    """Where the first user is made; None where there is one already."""
    database = Database(given.database_url)
    await database.open()
    try:
        async with database.begin() as connection:
            token = await users.create_setup_token(connection, now())
    finally:
        await database.close()
    return token and f"{address}/setup?token={token}"


def _need_free(port: int, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            hint = f"choose another with {option}"
            raise click.ClickException(f"port {port} is in use: {hint}") from None
