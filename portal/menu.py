"""The side menu: declared, and only of pages that exist."""

from collections.abc import Iterator
from typing import Final

from attrs import frozen


@frozen
class MenuItem:
    """An entry of the menu: `key` is its keyboard shortcut, `parent` the group it stands in."""

    id: str
    title: str
    route: str
    icon: str
    key: str = ""
    parent: str = ""
    order: int = 100

    def holds(self, path: str) -> bool:
        """Whether a path is this entry's page or one below it."""
        return path == self.route or (self.route != "/" and path.startswith(f"{self.route}/"))


MENU: Final = (
    MenuItem("home", "Home", "/", "home", key="g h", order=10),
    MenuItem("systems", "ESS systems", "/systems", "solar-panel", key="g s", order=20),
    MenuItem("products", "Product models", "/products", "versions", key="g p", order=30),
    MenuItem("plugins", "Plugins", "/plugins", "plug-connected", key="g l", order=40),
    MenuItem("dead-letters", "Dead letters", "/dead-letters", "mail", key="g d", order=50),
)


def ordered() -> Iterator[MenuItem]:
    yield from sorted(MENU, key=lambda item: item.order)
