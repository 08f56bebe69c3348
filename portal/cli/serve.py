"""`thingwright serve`: the portal, on one port."""

import asyncio
import logging
from typing import Final

import click
from granian.constants import Interfaces
from granian.server.embed import Server

from core.accounts import users
from core.host import load
from core.runtime.clock import now
from core.runtime.database import Database
from core.runtime.settings import Settings
from portal.app import Portal, create_app
from portal.assets import AssetError, manifest
from portal.cli.processes import run, settings

PATIENCE = 5.0
AT_ONCE: Final = 10_000
"""Requests that are answered at the same time; an open page that streams is one all the while."""
WAITING: Final = 1_024
"""Connections that may wait to be accepted."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True)
@click.option("--public-url", default="", help="Where people reach it, if not at host and port.")
@click.option("--setup-link/--no-setup-link", default=True, help="Print where to make a user.")
def serve(host: str, port: int, public_url: str, *, setup_link: bool) -> None:
    """Serve the portal; prints the set-up link where nobody can sign in yet."""
    try:
        manifest()
    except AssetError as error:
        raise click.ClickException(str(error)) from None
    address = public_url.rstrip("/") or f"http://{host}:{port}"
    run(_serve(settings(), host, port, address, setup_link=setup_link))


async def _serve(given: Settings, host: str, port: int, address: str, *, setup_link: bool) -> None:
    database = Database(given.database_url)
    await database.open()
    try:
        if setup_link:
            await _announce(database, address)
        registry = load(given.plugins)
        for problem in registry.problems:
            logging.getLogger(__name__).warning("left out: %s", problem)
        app = create_app(given, registry, database, secure=address.startswith("https://"))
        server = server_of(app, host, port)
        serving = asyncio.create_task(server.serve())
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            app.state.services.hub.close()
            server.stop()  # type: ignore[no-untyped-call]
            await asyncio.wait({serving}, timeout=PATIENCE)
            raise
    finally:
        await database.close()


def server_of(app: Portal, host: str, port: int) -> Server:
    """What answers for the portal on a port."""
    return Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        backlog=WAITING,
        backpressure=AT_ONCE,
    )


async def _announce(database: Database, address: str) -> None:
    """Print the link that makes the first user, if there is none yet."""
    async with database.begin() as connection:
        token = await users.create_setup_token(connection, now())
    if token:
        click.echo(f"Set up the portal: {address}/setup?token={token}")
