"""Every page: its address, what it loads, and what can be done on it."""

from typing import Final

from litestar.handlers import HTTPRouteHandler

from portal.pages import (
    account,
    commands,
    downloads,
    explain,
    health,
    home,
    live,
    own_account,
    plugins,
    products,
    system,
)

ROUTES: Final[list[HTTPRouteHandler]] = [
    route
    for room in (
        account,
        commands,
        downloads,
        explain,
        health,
        home,
        live,
        own_account,
        plugins,
        products,
        system,
    )
    for route in room.ROUTES
]
