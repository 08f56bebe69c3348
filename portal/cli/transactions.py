"""What commands do to the database at once, or not at all."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from core.records import RequestError
from core.runtime.database import Database
from portal.cli.processes import run, settings

T = TypeVar("T")


def done(work: Callable[[Any], Awaitable[T]]) -> T:
    """What was done in one transaction; a refusal ends the command."""

    async def carried_out() -> T:
        database = Database(settings().database_url)
        await database.open()
        try:
            async with database.begin() as connection:
                return await work(connection)
        finally:
            await database.close()

    try:
        return run(carried_out())
    except RequestError as error:
        raise click.ClickException(str(error)) from None
