"""Rules about the plugin as a module: it loads alone, in any order, and names its sources."""

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from attrs import asdict, fields, has

from core.conformance.subject import Finding, Subject
from core.data_only import FILE, module_of
from core.hookspecs import PROJECT
from core.host import Host
from core.plugin import Plugin, inconsistencies
from core.product_files import read_product_file
from core.registry import Registry
from core.thing_model.problems import ModelError
from core.vectors import Vector

PATIENCE = 60
"""Seconds that importing one plugin may take."""

_ALONE = f"""
import sys
from importlib import import_module, metadata, util

origin, name, file = sys.argv[1:]
if origin == "built in":
    import_module("plugins." + name)
elif origin == "installed":
    entries = metadata.entry_points(group={PROJECT!r}, name=name)
    next(iter(entries)).load()
else:
    folder = [file.rpartition("/")[0]]
    spec = util.spec_from_file_location("alone", file, submodule_search_locations=folder)
    sys.modules["alone"] = module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
others = {{m for m in sys.modules if m.startswith("plugins.") and m.count(".") > 1}}
foreign = sorted(m for m in others if not f"{{m}}.".startswith(f"plugins.{{name}}."))
if foreign:
    sys.exit("imports other plugins: " + ", ".join(foreign))
"""
"""Run in a fresh interpreter: imports one plugin and nothing that it does not ask for."""

_INTERPRETER = (sys.executable, "-W", "error", "-c", _ALONE)


def loads(subject: Subject) -> Iterator[Finding]:
    """The host takes the plugin, its product files and its mounts without a problem."""
    for problem in subject.registry.problems:
        if problem.plugin == subject.plugin.name:
            yield Finding("loads", problem.where, problem.what, problem.hint)


def imports(subject: Subject) -> Iterator[Finding]:
    """The plugin can be imported alone, with warnings as errors; one without Python always can."""
    plugin = subject.plugin
    if plugin.file.name == FILE:
        return
    for path in sorted(plugin.folder.rglob("*.py")):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                compile(path.read_text(encoding="utf-8"), str(path), "exec")
            except (SyntaxError, Warning) as error:
                yield Finding("imports", str(path), str(error))
    try:
        done = subprocess.run(  # noqa: S603  our own script and names
            [*_INTERPRETER, plugin.origin, plugin.name, str(plugin.file)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield Finding("imports", str(plugin.file), f"takes longer than {PATIENCE} s")
        return
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        yield Finding("imports", str(plugin.file), said[-1])


def consistency(subject: Subject) -> Iterator[Finding]:
    """Keys are unique, units are known, and every name that is used is declared."""
    for problem in inconsistencies(subject.plugin):
        yield Finding("consistency", problem.where, problem.what, problem.hint)


def products(subject: Subject) -> Iterator[Finding]:
    """Every product file beside the plugin is sound and declared, and its model is in use."""
    plugin = subject.plugin
    for path in sorted((plugin.folder / "products").glob("*.toml")):
        try:
            product = read_product_file(path)
        except ModelError as error:
            yield from (Finding("products", p.where, p.what, p.hint) for p in error.problems)
            continue
        if product not in plugin.products:
            yield Finding("products", str(path), "is not declared", "declare_products yields it")
    for product in plugin.products:
        if subject.registry.products.get((product.id, product.version)) != product:
            yield Finding("products", f"product model {product.id}", "is not in the registry")


def order(subject: Subject) -> Iterator[Finding]:
    """Loaded after all others or before them, the plugin declares the same and owns the same."""
    forward = _view(subject.plugin, subject.registry)
    reversed_ = _reversed(subject.registry)
    name = subject.plugin.name
    if name not in reversed_.plugins:
        yield Finding("order", name, "is refused when plugins load in reverse order")
        return
    backward = _view(reversed_.plugins[name], reversed_)
    for what, value in forward.items():
        if value != backward[what]:
            hint = "another plugin declares the same id, or a hook depends on what ran before it"
            yield Finding("order", f"{name} {what}", "depend on the order of loading", hint)


def _view(plugin: Plugin, registry: Registry) -> dict[str, Any]:
    """Everything the registry holds because of one plugin."""
    declared: dict[str, Any] = asdict(
        plugin, value_serializer=_named, filter=lambda attribute, _: bool(attribute.eq)
    )
    return declared | {
        "product models": [registry.products.get((p.id, p.version)) for p in plugin.products],
        "specifications": [registry.grid_specs[spec.id] for spec in plugin.grid_specs],
        "function ids": [registry.functions[function.id] for function in plugin.functions],
    }


def _named(_instance: Any, _attribute: Any, value: Any) -> Any:
    """Functions and strange objects by name: a hook may make a new one each time it is asked."""
    kind = value.__class__
    if has(kind) or kind in _PLAIN or isinstance(value, Path):
        return value
    return getattr(value, "__qualname__", type(value).__qualname__)


_PLAIN = (str, bytes, bool, int, float, tuple, list, dict, type(None))


@lru_cache(maxsize=2)
def _reversed(registry: Registry) -> Registry:
    host = Host()
    for plugin in reversed(list(registry.plugins.values())):
        host.register(plugin.name, _module(plugin), plugin.origin)
    return host.registry()


def _module(plugin: Plugin) -> ModuleType:
    if plugin.file.name == FILE:
        return module_of(plugin.name, plugin.file)
    file = str(plugin.file)
    return next(m for m in list(sys.modules.values()) if getattr(m, "__file__", None) == file)


def sources(subject: Subject) -> Iterator[Finding]:
    """Every source that a row or a vector names is declared, and there is one for the others."""
    plugin = subject.plugin
    declared = {source.id for source in plugin.sources}
    if not declared:
        hint = "say in declare_sources where the facts come from"
        yield Finding("sources", plugin.name, "declares no source", hint)
    named = {row.source: _place(row) for row in _rows((plugin, *subject.vectors))}
    for source, where in named.items():
        if source and source not in declared:
            hint = f"declared are {', '.join(sorted(declared)) or 'none'}"
            yield Finding("sources", where, f"names the source {source!r}", hint)


def _rows(value: Any) -> Iterator[Any]:
    """Every value with a `source`, however deep it lies in the declarations."""
    kind = value.__class__
    if kind is tuple:
        for item in value:
            yield from _rows(item)
    elif has(kind):
        if isinstance(getattr(value, "source", None), str):
            yield value
        for attribute in fields(kind):
            yield from _rows(getattr(value, attribute.name))


def _place(row: Any) -> str:
    if isinstance(row, Vector):
        return row.where
    names = ("key", "code", "id", "name", "channel", "protection")
    return next((f"{type(row).__name__} {getattr(row, n)}" for n in names if hasattr(row, n)), "")


def vector_files(subject: Subject) -> Iterator[Finding]:
    """The vector files can be read, and every vector names its origin."""
    for problem in subject.unread:
        yield Finding("vector_files", problem.where, problem.what, problem.hint)
