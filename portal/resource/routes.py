"""All handlers of a resource."""

from litestar.handlers import HTTPRouteHandler

from portal.resource import acting, details, editing, exporting, importing, lists, views
from portal.resource.declared import Resource


def routes(resource: Resource) -> list[HTTPRouteHandler]:
    """The handlers of a resource: list and twins, details, form, actions."""
    return [
        *lists.routes(resource),
        *details.routes(resource),
        *editing.routes(resource),
        *acting.routes(resource),
        *exporting.routes(resource),
        *importing.routes(resource),
        *views.routes(resource),
    ]
