"""The side menu: groups in the guide's order, in them the pages that exist and may be opened."""

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen

from core.access import Access
from portal.resource.declared import Resource
from portal.resources import ALL
from portal.texts import N_


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


@frozen
class Group:
    """A first-level entry that opens and shuts; shown where a page of it is."""

    id: str
    title: str
    icon: str
    order: int


@frozen
class Branch:
    """A first-level entry as it is shown: a page by itself, or a group with its pages."""

    head: MenuItem | Group
    items: tuple[MenuItem, ...]

    @property
    def is_page(self) -> bool:
        return isinstance(self.head, MenuItem)

    def holds(self, path: str) -> bool:
        """Whether a path is one of its pages or below one."""
        return any(item.holds(path) for item in self.items)


GROUPS: Final = (
    Group("communication-data", N_("Communication data"), "antenna", 30),
    Group("system-maintenance", N_("System maintenance"), "tool", 40),
    Group("product-configurations", N_("Product configurations"), "versions", 50),
    Group("ota", N_("OTA management"), "circle-arrow-up", 60),
    Group("warranties", N_("Warranties"), "shield-check", 70),
    Group("messages", N_("Message center"), "mail", 80),
    Group("basic-settings", N_("Basic settings"), "settings", 90),
    Group("vpp", N_("VPP management"), "topology-star-3", 100),
)
"""Groups between the pages of the first level: Home 10, ESS systems 20, User list 110."""


def _data(id_: str, title: str, icon: str, order: int) -> MenuItem:
    """A page where data is taken out."""
    return MenuItem(
        f"data-{id_}",
        title,
        f"/data/{id_}",
        icon,
        parent="communication-data",
        order=order,
        permission="telemetry:export",
    )


MENU: Final = (
    MenuItem("home", N_("Home"), "/", "home", "g h", order=10, permission="home:read"),
    _data("readings", N_("Readings export"), "file-text", 20),
    _data("reports", N_("Reports export"), "file-text", 40),
    _data("five-minutes", N_("Five-minute data export"), "file-text", 50),
    MenuItem(
        "install",
        N_("Installing new equipment"),
        "/install",
        "tool",
        parent="system-maintenance",
        order=40,
        permission="installations:create",
    ),
    MenuItem(
        "associate",
        N_("Associate device"),
        "/associate",
        "link",
        parent="system-maintenance",
        order=100,
        permission="installations:edit",
    ),
)
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
            resource.reads,
        )


def ordered(access: Access | None = None) -> Iterator[MenuItem]:
    """The pages that somebody may open, all where nobody is named."""
    items = [*MENU, *(item for resource in ALL for item in of_resource(resource))]
    for item in sorted(items, key=lambda item: item.order):
        if access is None or not item.permission or access.may(item.permission):
            yield item


def tree(items: Iterable[MenuItem]) -> tuple[Branch, ...]:
    """The first level with what is below it; a page whose group is not known stands by itself."""
    below: dict[str, list[MenuItem]] = {group.id: [] for group in GROUPS}
    heads: list[Branch] = []
    for item in items:
        if item.parent in below:
            below[item.parent].append(item)
        else:
            heads.append(Branch(item, (item,)))
    heads += [Branch(group, tuple(below[group.id])) for group in GROUPS if below[group.id]]
    return tuple(sorted(heads, key=lambda branch: branch.head.order))
