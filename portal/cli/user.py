"""`thingwright user`: people who have an account, where the portal cannot be reached."""

from typing import Any, Final

import click

from core.access import PLATFORM
from core.accounts import credentials, directory, states, users
from core.accounts.roles import ROLES, Role
from core.accounts.users import NewUser, User
from core.records import RequestError
from core.runtime.clock import now
from core.thing_model.problems import Problem
from portal.cli.transaction import done
from portal.signing_in import link_path

REASON: Final = "by the command line"


@click.group()
def user() -> None:
    """List, invite, lock, unlock and reset users."""


@user.command("list")
def list_users() -> None:
    """Print name, type, state and roles of each, the newest first."""

    async def found(connection: Any) -> list[User]:
        return await directory.everybody(connection, PLATFORM)

    for each in done(found):
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

    click.echo(link_path("invite", done(linked)))


@user.command()
@click.argument("name")
def reset(name: str) -> None:
    """End a user's sessions, and print the link by which they choose a new password."""

    async def linked(connection: Any) -> str:
        found = await _named(connection, name)
        return await credentials.link(connection, PLATFORM, found.id, "reset", now=now())

    click.echo(link_path("reset", done(linked)))


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

    click.echo(f"{name} is {done(changed).state}")


async def _named(connection: Any, name: str) -> User:
    found = await users.by_name(connection, name)
    if found is None:
        raise RequestError(Problem("name", f"{name!r} is nobody", "see thingwright user list"))
    return found[0]
