"""What a subcommand does in the database: one transaction, and a sentence where it is refused."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from core.access import AccessError
from core.records import RequestError
from core.runtime.database import Database
from portal.cli.processes import run, settings

T = TypeVar("T")


def done(work: Callable[[Any], Awaitable[T]]) -> T:
    """What was done in one transaction; a refusal ends the command."""

    async def in_database() -> T:
        database = Database(settings().database_url)
        await database.open()
        try:
            async with database.begin() as connection:
                return await work(connection)
        finally:
            await database.close()

    try:
        return run(in_database())
    except (AccessError, RequestError) as error:
        raise click.ClickException(str(error)) from None
