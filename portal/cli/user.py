"""`thingwright user`: people who have an account, where the portal cannot be reached."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import click

from core.access import PLATFORM
from core.accounts import credentials, directory, states, users
from core.accounts.roles import ROLES, Role
from core.accounts.users import NewUser, User
from core.records import RequestError
from core.runtime.clock import now
from core.runtime.database import Database
from core.thing_model.problems import Problem
from portal.cli.processes import run, settings
from portal.signing_in import link_path

REASON: Final = "by the command line"
T = TypeVar("T")


@click.group()
def user() -> None:
    """List, invite, lock, unlock and reset users."""


@user.command("list")
def list_users() -> None:
    """Print name, type, state and roles of each, the newest first."""

    async def found(connection: Any) -> list[User]:
        return await directory.everybody(connection, PLATFORM)

    for each in _done(found):
        click.echo(f"{each.name}\t{each.user_type}\t{each.state}\t{','.join(each.roles)}")


@user.command()
@click.argument("name")
@click.option("--mail", required=True, help="Where the link will be sent to.")
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), default=("read_only",))
def invite(name: str, mail: str, roles: tuple[Role, ...]) -> None:
    """Make a user, and print the link by which they choose a password."""

    async def linked(connection: Any) -> str:
        made = await users.add(connection, PLATFORM, NewUser(name, roles=roles, mail=mail), now())
        return await credentials.link(connection, PLATFORM, made.id, "invite", now=now())

    click.echo(link_path("invite", _done(linked)))


@user.command()
@click.argument("name")
def reset(name: str) -> None:
    """End a user's sessions, and print the link by which they choose a new password."""

    async def linked(connection: Any) -> str:
        found = await _named(connection, name)
        return await credentials.link(connection, PLATFORM, found.id, "reset", now=now())

    click.echo(link_path("reset", _done(linked)))


@user.command()
@click.argument("name")
def lock(name: str) -> None:
    """Sign a user out and keep them out."""
    _changed(name, "lock")


@user.command()
@click.argument("name")
def unlock(name: str) -> None:
    """Let a locked user in again."""
    _changed(name, "unlock")


def _changed(name: str, change: states.Change) -> None:
    async def changed(connection: Any) -> User:
        found = await _named(connection, name)
        return await states.change_state(
            connection, PLATFORM, found.id, change, reason=REASON, now=now()
        )

    click.echo(f"{name} is {_done(changed).state}")


async def _named(connection: Any, name: str) -> User:
    found = await users.by_name(connection, name)
    if found is None:
        raise RequestError(Problem("name", f"{name!r} is nobody", "see thingwright user list"))
    return found[0]


def _done(work: Callable[[Any], Awaitable[T]]) -> T:
    """What was done in one transaction; a refusal ends the command."""

    async def done() -> T:
        database = Database(settings().database_url)
        await database.open()
        try:
            async with database.begin() as connection:
                return await work(connection)
        finally:
            await database.close()

    try:
        return run(done())
    except RequestError as error:
        raise click.ClickException(str(error)) from None
