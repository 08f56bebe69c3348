"""The whole boundary between the engine and its plugins.

A plugin is a module that implements some of these hooks, each marked with `@hookimpl`. Hooks named
`declare_*` return an iterable of declarations, or yield them; they are called once, when the plugin
is loaded, and never while frames arrive. Importing a plugin registers nothing.
"""

from collections.abc import Iterable
from pathlib import Path

import pluggy

from core.thing_model.command import Command
from core.thing_model.component import Component
from core.thing_model.datapoint import Datapoint
from core.thing_model.decoder import Decoder
from core.thing_model.fault import Fault
from core.thing_model.function import Function
from core.thing_model.grid_spec import GridSpec
from core.thing_model.logs import LogRule
from core.thing_model.provenance import Source
from core.thing_model.view import View

PROJECT = "thingwright"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def declare_sources() -> Iterable[Source]:
    """Where the plugin's facts come from. Rows that name no source are from the first."""
    return ()


@hookspec
def declare_components() -> Iterable[Component]:
    """The parts that the plugin speaks for, one per variant, with their ratings."""
    return ()


@hookspec
def declare_datapoints() -> Iterable[Datapoint]:
    """Every value that the device can report, and those computed from them."""
    return ()


@hookspec
def declare_decoders() -> Iterable[Decoder]:
    """The layout of every channel on which the device speaks."""
    return ()


@hookspec
def declare_faults() -> Iterable[Fault]:
    """What can be wrong, and which bit or number of which datapoint says so."""
    return ()


@hookspec
def declare_commands() -> Iterable[Command]:
    """What the device can be told, with the layout that tells it."""
    return ()


@hookspec
def declare_log_parsers() -> Iterable[LogRule]:
    """How the lines of the device's log read. The first rule that fits a line is taken."""
    return ()


@hookspec
def declare_functions() -> Iterable[Function]:
    """Hardware and software functions that product models can have."""
    return ()


@hookspec
def declare_grid_specs() -> Iterable[GridSpec]:
    """Grid specifications, one per edition and region."""
    return ()


@hookspec
def declare_products() -> Iterable[Path]:
    """The TOML files of the product models that ship with the plugin."""
    return ()


@hookspec
def declare_portal_views() -> Iterable[View]:
    """Cards of the device page: titles and the datapoints on them."""
    return ()


RETURNS: dict[str, type] = {
    "declare_sources": Source,
    "declare_components": Component,
    "declare_datapoints": Datapoint,
    "declare_decoders": Decoder,
    "declare_faults": Fault,
    "declare_commands": Command,
    "declare_log_parsers": LogRule,
    "declare_functions": Function,
    "declare_grid_specs": GridSpec,
    "declare_products": Path,
    "declare_portal_views": View,
}
"""What each hook's items must be."""
