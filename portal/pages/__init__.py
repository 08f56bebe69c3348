"""Every page: its address, what it loads, and what can be done on it."""

from typing import Final

from litestar.handlers import HTTPRouteHandler

from portal.pages import (
    account,
    commands,
    dead_letters,
    explain,
    health,
    home,
    live,
    own_account,
    plugins,
    products,
    system,
    systems,
)

ROUTES: Final[list[HTTPRouteHandler]] = [
    route
    for room in (
        account,
        commands,
        dead_letters,
        explain,
        health,
        home,
        live,
        own_account,
        plugins,
        products,
        system,
        systems,
    )
    for route in room.ROUTES
]
