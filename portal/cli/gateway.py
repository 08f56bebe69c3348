"""`thingwright gateway`: what speaks with devices in their own protocol."""

from pathlib import Path

import click

from core.runtime.ocpp_gateway import GatewayError, Listening, doorkeeper_of, run_ocpp_gateway
from core.runtime.ocpp_identity import PREFIX, IdentityError, OcppFileError, charger_password
from portal.cli.processes import run, settings

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def gateway() -> None:
    """Speak with devices in their own protocol, and with the broker for them."""


@gateway.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0: from anywhere.")
@click.option("--port", default=9000, show_default=True)
@click.option("--certificate", type=FILE, help="PEM; with it the gateway speaks TLS only.")
@click.option("--key", type=FILE, help="PEM; if it is not in the certificate's file.")
@click.option("--anyone", is_flag=True, help="Let chargers in without a password.")
@click.option("--heartbeat", default=300, show_default=True, help="Seconds between heartbeats.")
def ocpp(
    *,
    host: str,
    port: int,
    certificate: Path | None,
    key: Path | None,
    anyone: bool,
    heartbeat: int,
) -> None:
    """Be the central system of chargers that speak OCPP 1.6-J or 2.0.1."""
    place = Listening(host, port, certificate, key, anyone, heartbeat)
    try:
        run(run_ocpp_gateway(settings(), place))
    except (GatewayError, OcppFileError, OSError) as error:
        raise click.ClickException(str(error)) from None


@gateway.command("ocpp-password")
@click.argument("identity")
def ocpp_password(identity: str) -> None:
    """Print the password of the charger that connects as IDENTITY."""
    given = settings()
    try:
        doorkeeper = doorkeeper_of(given, anyone=False)
        sn = doorkeeper.sn_of(PREFIX + identity)
    except (GatewayError, OcppFileError, IdentityError) as error:
        raise click.ClickException(str(error)) from None
    if doorkeeper.credentials is not None:
        click.echo(charger_password(doorkeeper.credentials, sn))
