"""The side menu: the guide's order, nothing that is not there or not permitted."""

from attrs import evolve

from core.access import PLATFORM
from portal import menu
from portal.menu import GROUPS, MenuItem


def test_the_first_level_has_the_guides_order_whatever_comes_first():
    pages = [MenuItem(group.id, group.title, f"/{group.id}", "x", "", group.id) for group in GROUPS]
    shown = menu.tree([*reversed(pages), *menu.ordered()])
    assert [branch.head.title for branch in shown] == [
        "Home", "ESS systems", "Communication data", "System maintenance",
        "Product configurations", "OTA management", "Warranties", "Message center",
        "Basic settings", "VPP management", "User list",
    ]  # fmt: skip


def test_a_group_without_a_page_is_not_shown():
    heads = [branch.head.id for branch in menu.tree(menu.ordered())]
    assert heads == [
        "home", "systems", "communication-data", "system-maintenance", "product-configurations",
        "messages", "basic-settings", "users",
    ]  # fmt: skip


def test_what_is_not_permitted_is_not_shown():
    narrow = evolve(PLATFORM, grants=frozenset({"home:read", "plugins:read"}))
    shown = menu.tree(menu.ordered(narrow))
    assert [(b.head.id, [i.id for i in b.items]) for b in shown] == [
        ("home", ["home"]),
        ("system-maintenance", ["data-points"]),
        ("product-configurations", ["plugins", "plugin-uploads"]),
    ]


def test_a_branch_holds_the_pages_below_its_own():
    branch = next(b for b in menu.tree(menu.ordered()) if b.head.id == "product-configurations")
    assert branch.holds("/products/zephyr-q9")
    assert not branch.holds("/systems")
    assert not branch.is_page
