"""The submenus, one file each; every module here that has `RESOURCES` adds its own."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from portal.resource.declared import Resource


def found() -> Iterator[Resource]:
    """The resources of all modules of this package, in the order of their names."""
    for module in sorted(iter_modules(__path__), key=lambda module: module.name):
        yield from getattr(import_module(f"{__name__}.{module.name}"), "RESOURCES", ())


def all_resources() -> tuple[Resource, ...]:
    """Every resource, each of its own name."""
    resources = tuple(found())
    ids = [resource.id for resource in resources]
    if doubles := {name for name in ids if ids.count(name) > 1}:
        raise ValueError(f"two resources are called {', '.join(sorted(doubles))}")
    return resources


ALL: Final = all_resources()
