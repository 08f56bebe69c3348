"""`thingwright device`: check codes and credentials of single devices."""

from pathlib import Path

import click

from core.access import PLATFORM
from core.fleet import provisioning
from core.records import RequestError
from core.runtime.certificates import Authority
from core.runtime.clock import now
from core.runtime.credentials import Credentials, CredentialsError
from core.runtime.database import Database
from core.runtime.settings import CREDENTIALS_FILE, Settings
from core.sealing import Seal, SealError
from portal.cli.processes import run, settings


@click.group()
def device() -> None:
    """Give devices their check codes and credentials."""


@device.command()
@click.argument("sns", nargs=-1, required=True, metavar="SN...")
def add(sns: tuple[str, ...]) -> None:
    """Make check codes, and print each with its serial number; one that has a code keeps it."""
    given = settings()
    try:
        codes = run(_issued(given, Seal(given.secret_key or _accounts(given).secret_key), sns))
    except (RequestError, SealError) as error:
        raise click.ClickException(str(error)) from None
    for sn in sns:
        click.echo(f"{sn} {codes[sn]}")


@device.command()
@click.argument("sn")
def credentials(sn: str) -> None:
    """Print the user name and the password of a device to the broker."""
    try:
        password = _accounts(settings()).password(sn)
    except CredentialsError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{sn} {password}")


@device.command()
@click.argument("sn")
@click.option(
    "--authority",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="The folder that deploy-files wrote.",
)
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=Path())
def certificate(sn: str, authority: Path, into: Path) -> None:
    """Make a device's certificate and key, as SN.pem and SN.key."""
    try:
        signer = Authority.load(authority / "authority.pem", authority / "authority.key")
        issued = signer.device(sn)
    except CredentialsError as error:
        raise click.ClickException(str(error)) from None
    into.mkdir(parents=True, exist_ok=True)
    issued.save(into / f"{sn}.pem", into / f"{sn}.key")
    click.echo(into / f"{sn}.pem")


def _accounts(given: Settings) -> Credentials:
    accounts = given.credentials()
    if accounts is None:
        raise click.ClickException(
            f"{given.data / CREDENTIALS_FILE} is missing: `thingwright demo` and "
            "`thingwright deploy-files` make one"
        )
    return accounts


async def _issued(given: Settings, seal: Seal, sns: tuple[str, ...]) -> dict[str, str]:
    database = Database(given.database_url)
    await database.open()
    try:
        async with database.begin() as connection:
            return await provisioning.issue(connection, seal, PLATFORM, sns, now())
    finally:
        await database.close()
