"""Every page: its address, what it loads, and what can be done on it."""

from typing import Final

from litestar.handlers import HTTPRouteHandler

from portal.pages import (
    account,
    commands,
    dead_letters,
    explain,
    finding,
    health,
    home,
    links,
    live,
    open_id,
    own_account,
    plugins,
    products,
    provisioning,
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
        finding,
        health,
        home,
        links,
        live,
        open_id,
        own_account,
        plugins,
        products,
        provisioning,
        system,
        systems,
    )
    for route in room.ROUTES
]
