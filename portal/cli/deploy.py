"""`thingwright deploy-files`: what an installation on systemd needs."""

from pathlib import Path

import click

from core.runtime.credentials import Credentials
from core.runtime.deployment import Broker, Place, write
from core.runtime.settings import CREDENTIALS_FILE
from portal.cli.processes import settings


@click.command("deploy-files")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--host", required=True, help="Name or address by which devices reach the broker.")
@click.option(
    "--broker", type=click.Choice(["mosquitto", "nats"]), default="nats", show_default=True
)
@click.option("--device", "devices", multiple=True, help="Serial number that nats-server lets in.")
def deploy_files(directory: Path, host: str, broker: Broker, devices: tuple[str, ...]) -> None:
    """Write systemd units, broker configuration, certificates and accounts into DIRECTORY.

    Authority and accounts that are there already stay as they are.
    """
    path = directory / CREDENTIALS_FILE
    key = settings().secret_key or None
    accounts = Credentials.load(path) if path.exists() else Credentials.generate(secret_key=key)
    place = Place(host, directory.resolve())
    for file in write(directory, place, broker, accounts, devices):
        click.echo(file)
