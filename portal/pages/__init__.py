"""Every page: its address, what it loads, and what can be done on it."""

from typing import Final

from litestar.handlers import HTTPRouteHandler

from portal.pages import (
    account,
    associating,
    commands,
    configuration,
    downloads,
    explain,
    exporting,
    figures,
    finding,
    health,
    home,
    home_info,
    installing,
    instructing,
    links,
    live,
    logs,
    neighbours,
    notices,
    open_id,
    own_account,
    playground,
    plugins,
    products,
    provisioning,
    settings,
    system,
    tariff_files,
    tariff_plans,
    tariff_windows,
    telemetry,
    uploading,
)

ROUTES: Final[list[HTTPRouteHandler]] = [
    route
    for room in (
        account,
        associating,
        commands,
        configuration,
        downloads,
        explain,
        exporting,
        figures,
        finding,
        health,
        home,
        home_info,
        installing,
        instructing,
        links,
        live,
        logs,
        neighbours,
        notices,
        open_id,
        own_account,
        playground,
        plugins,
        products,
        provisioning,
        settings,
        system,
        tariff_files,
        tariff_plans,
        tariff_windows,
        uploading,
        telemetry,
    )
    for route in room.ROUTES
]
