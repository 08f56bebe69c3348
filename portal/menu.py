"""The side menu: declared, and only of pages that exist."""

from collections.abc import Iterator
from typing import Final

from attrs import frozen

from core.access import Access
from portal.resource.declared import Resource
from portal.resources import ALL


@frozen
class MenuItem:
    """An entry of the menu: `key` is its keyboard shortcut, `parent` the group it stands in.

    permission: without it the entry is not shown.
    """

    id: str
    title: str
    route: str
    icon: str
    key: str = ""
    parent: str = ""
    order: int = 100
    permission: str = ""

    def holds(self, path: str) -> bool:
        """Whether a path is this entry's page or one below it."""
        return path == self.route or (self.route != "/" and path.startswith(f"{self.route}/"))


MENU: Final = (MenuItem("home", "Home", "/", "home", key="g h", order=10, permission="home:read"),)
"""Pages that are no resources."""


def of_resource(resource: Resource) -> Iterator[MenuItem]:
    """The entry of a resource, where it has one."""
    if (menu := resource.menu) is not None:
        yield MenuItem(
            resource.id,
            resource.title,
            resource.path,
            menu.icon,
            menu.key,
            menu.parent,
            menu.order,
            f"{resource.area}:read",
        )


def ordered(access: Access | None = None) -> Iterator[MenuItem]:
    """The entries that somebody may open, all where nobody is named."""
    items = [*MENU, *(item for resource in ALL for item in of_resource(resource))]
    for item in sorted(items, key=lambda item: item.order):
        if access is None or not item.permission or access.may(item.permission):
            yield item
