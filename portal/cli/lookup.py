"""Plugins, channels and commands by the names that people type, with near ones suggested."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from core.host import load
from core.plugin import Plugin
from core.registry import Part, Registry
from core.trial import part_alone
from portal.cli import near

Command = TypeVar("Command", bound=Callable[..., Any])
Named = TypeVar("Named")


SHOWN = 20
"""Names that an error lists."""


def folder_option(command: Command) -> Command:
    """`--folder DIR`: plugins that are not installed."""
    return click.option(
        "--folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Also load the plugins kind/name in this folder.",
    )(command)


def scope_options(command: Command) -> Command:
    """`--variant` and `--firmware`: which rows of a plugin apply."""
    command = click.option("--firmware", default="", help="Firmware version of the device.")(
        command
    )
    return click.option("--variant", default="", help="Variant, as in kind.name.variant.")(command)


def registry_with(folder: Path | None) -> Registry:
    """All plugins, those of the folder and of THINGWRIGHT_PLUGINS among them."""
    listed = os.environ.get("THINGWRIGHT_PLUGINS", "").split(os.pathsep)
    folders = [Path(path).resolve() for path in (*listed, folder) if path]
    return load(dict.fromkeys(folders))


def plugin_named(registry: Registry, name: str) -> Plugin:
    """The plugin of this name; a usage error that says why it is not there."""
    if name in registry.plugins:
        return registry.plugins[name]
    reasons = [str(problem) for problem in registry.problems if problem.plugin == name]
    if reasons:
        raise click.ClickException(f"{name} could not be loaded:\n" + "\n".join(reasons))
    raise click.UsageError(f"no plugin is named {name!r}{near(name, registry.plugins)}")


def part_named(name: str, variant: str, firmware: str, folder: Path | None) -> Part:
    """What a plugin declares for a variant and firmware version."""
    plugin = plugin_named(registry_with(folder), name)
    if variant and variant not in plugin.variants:
        known = ", ".join(filter(None, plugin.variants)) or "none"
        raise click.UsageError(f"{name} has no variant {variant!r}; variants are {known}")
    return part_alone(plugin, variant, firmware)


def item_named(what: str, name: str, known: Mapping[str, Named]) -> Named:
    """One of the channels or commands of a part; a usage error that lists what there is."""
    if name in known:
        return known[name]
    some = [*list(known)[:SHOWN], *(["…"] if len(known) > SHOWN else [])]
    listed = near(name, known) or f"; there are {', '.join(some) or 'none'}"
    raise click.UsageError(f"no {what} is named {name!r}{listed}")
