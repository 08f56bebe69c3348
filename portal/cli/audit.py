"""`thingwright audit`: whether the audit is as it was written."""

import click

from core.audit import entries
from core.audit.verifying import Verdict, verify
from core.runtime.database import Database
from portal.cli.processes import run, settings


@click.group()
def audit() -> None:
    """Check the audit, whose rows each vouch for those before."""


@audit.command("verify")
@click.option("--head", default="", help="NUMBER:HASH noted earlier; those rows must be there yet.")
def verify_audit(head: str) -> None:
    """Read all rows and compare; exit code 1 and the place where one is not as written."""
    verdict = run(_verify(_noted(head)))
    if verdict.problem is not None:
        raise click.ClickException(str(verdict.problem))
    click.echo(f"{verdict.count} entries, all as they were written")
    click.echo(f"head {verdict.count}:{verdict.head.hex()}")


@audit.command("head")
def show_head() -> None:
    """Print number and hash of the newest row, to be kept elsewhere."""
    number, made = run(_head())
    click.echo(f"{number}:{made.hex()}")


def _noted(text: str) -> tuple[int, bytes] | None:
    if not text:
        return None
    number, _, made = text.partition(":")
    try:
        return int(number), bytes.fromhex(made)
    except ValueError:
        raise click.UsageError("--head is NUMBER:HASH as `thingwright audit head` prints") from None


async def _verify(expected: tuple[int, bytes] | None) -> Verdict:
    database = Database(settings().database_url)
    await database.open()
    try:
        async with database.read() as connection:
            return await verify(connection, expected)
    finally:
        await database.close()


async def _head() -> tuple[int, bytes]:
    database = Database(settings().database_url)
    await database.open()
    try:
        async with database.read() as connection:
            return await entries.head(connection)
    finally:
        await database.close()
