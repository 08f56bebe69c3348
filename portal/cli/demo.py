"""`thingwright demo`: everything on one machine, with a simulated fleet."""

import os
import socket
from pathlib import Path

import click

from core.accounts import users
from core.runtime.clock import now
from core.runtime.credentials import Credentials
from core.runtime.database import Database
from core.runtime.settings import CREDENTIALS_FILE, PREFIX, Settings
from core.runtime.supervisor import Service, Supervisor
from portal.cli.processes import run, settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the portal.")
@click.option("--port", default=8080, show_default=True, help="Port of the portal.")
@click.option("--mqtt-port", default=1883, show_default=True, help="Port of the MQTT broker.")
@click.option("--devices", default=50, show_default=True, help="Simulated systems.")
@click.option("--interval", default=5.0, show_default=True, help="Seconds between their frames.")
def demo(host: str, port: int, mqtt_port: int, devices: int, interval: float) -> None:
    """Start database, broker, ingest, portal and a simulated fleet; end with Ctrl-C."""
    given = settings()
    _need_free(port, "--port")
    _need_free(mqtt_port, "--mqtt-port")
    _prepare_accounts(given.data)
    link = run(_setup_link(given, f"http://{host}:{port}"))
    click.echo(f"\n  Portal   http://{host}:{port}")
    click.echo(f"  Sign in  {link or 'with the account that you have made'}")
    click.echo(f"  Devices  mqtt://{host}:{mqtt_port} ({devices} simulated)\n")
    environment = {
        f"{PREFIX}PORTAL_URL": f"http://{host}:{port}",
        **os.environ,
        f"{PREFIX}BROKER": f"mqtt://127.0.0.1:{mqtt_port}",
    }
    services = (
        Service("broker", ("broker", "--port", str(mqtt_port))),
        Service("ingest", ("ingest",)),
        Service("worker", ("worker",)),
        Service("portal", ("serve", "--host", host, "--port", str(port), "--no-setup-link")),
        Service("devices", ("simulate", "--devices", str(devices), "--interval", str(interval))),
    )
    run(Supervisor(services, environment).run())


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
