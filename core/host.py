"""Loads plugins through pluggy, checks them, and folds them into one immutable registry."""

import importlib
import importlib.util
import inspect
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, entry_points
from importlib.metadata import version as distribution_version
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pluggy
from attrs import define, evolve, field

from core import data_only, hookspecs
from core.plugin import KINDS, Plugin, inconsistencies
from core.product_checks import misfits
from core.product_files import read_product_text, text_of
from core.registry import Registry
from core.thing_model.problems import ModelError, Problem
from core.thing_model.product import ProductModel

Origin = Literal["built in", "installed", "folder", "uploaded"]

FIELDS = {
    "declare_sources": "sources",
    "declare_components": "components",
    "declare_datapoints": "datapoints",
    "declare_decoders": "decoders",
    "declare_faults": "faults",
    "declare_commands": "commands",
    "declare_log_parsers": "log_rules",
    "declare_functions": "functions",
    "declare_grid_specs": "grid_specs",
    "declare_portal_views": "views",
}
"""Which attribute of a plugin each hook fills; `declare_products` names files, read afterwards."""


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


@define
class Host:
    """Collects plugins. One that is broken is left out and its problems are kept.

    `strict` raises instead: how built-in plugins are held to account in tests.
    """

    strict: bool = False
    manager: pluggy.PluginManager = field(factory=_manager, repr=False)
    plugins: dict[str, Plugin] = field(factory=dict[str, Plugin])
    problems: list[Problem] = field(factory=list[Problem])

    def register(
        self,
        name: str,
        module: ModuleType,
        origin: Origin,
        *,
        version: str = "",
        begun: float | None = None,
    ) -> None:
        """Load one plugin; everybody's plugins come through this door.

        begun: when the import of its module began, by `time.perf_counter`.
        """
        start = time.perf_counter() if begun is None else begun
        file = Path(inspect.getfile(module))
        try:
            self._check_name(name, file)
            plugin, problems = _folded(self.manager, name, module, file, origin)
        except ModelError as error:
            self._refuse(name, file, error.problems)
            return
        if found := list(inconsistencies(plugin)):
            self._refuse(name, file, found)
            return
        seconds = time.perf_counter() - start
        self.plugins[name] = evolve(plugin, version=version, load_seconds=seconds)
        if problems:
            self._refuse(name, file, problems)

    def _check_name(self, name: str, file: Path) -> None:
        kind, _, short = name.partition(".")
        if kind not in KINDS or not short.isidentifier() or short != short.lower():
            hint = f"name it kind.name, kinds are {', '.join(KINDS)}"
            raise ModelError([Problem(str(file), f"{name!r} is not a plugin name", hint)])
        if known := self.plugins.get(name):
            what = f"claims the name {name!r} that {known.file} has already"
            raise ModelError([Problem(str(file), what, "rename one of them")])

    def _refuse(self, name: str, file: Path, problems: Iterable[Problem]) -> None:
        located = [
            p if str(file.parent) in p.where else evolve(p, where=f"{file}: {p.where}")
            for p in problems
        ]
        if self.strict:
            raise ModelError(located)
        self.problems += [evolve(p, plugin=name) for p in located]

    def load_folder(self, folder: Path, origin: Origin, package: str = "") -> None:
        """Every plugin in `folder`/kind/name. A `package` makes them importable under its name."""
        for kind in KINDS:
            for name, path in plugin_files(folder, kind):
                self._load(name, path, origin, package)

    def _load(self, name: str, path: Path, origin: Origin, package: str) -> None:
        begun = time.perf_counter()
        try:
            if path.name == data_only.FILE:
                module = data_only.module_of(_folder_module(name), path)
            elif package:
                module = importlib.import_module(f"{package}.{name}")
            else:
                module = _import_file(_folder_module(name), path)
        except ModelError as error:
            self._refuse(name, path, error.problems)
        except Exception as error:  # noqa: BLE001  whatever a stranger's module raises
            self._refuse(name, path, [_broken(name, error)])
        else:
            version = _shipped_version() if origin == "built in" else _own_version(module)
            self.register(name, module, origin, version=version, begun=begun)

    def load_installed(self) -> None:
        """Every plugin that an installed distribution offers under the entry point group."""
        for entry in sorted(entry_points(group=hookspecs.PROJECT), key=lambda e: e.name):
            begun = time.perf_counter()
            try:
                module: Any = entry.load()
            except Exception as error:  # noqa: BLE001  whatever a stranger's module raises
                self._refuse(entry.name, Path(entry.value), [_broken(entry.name, error)])
            else:
                version = entry.dist.version if entry.dist else ""
                self.register(entry.name, module, "installed", version=version, begun=begun)

    def registry(self) -> Registry:
        """What has been loaded so far, ready for look-ups, after the checks that cross plugins."""
        bare = Registry.of(self.plugins, {}, ())
        products: dict[tuple[str, str], ProductModel] = {}
        for plugin in self.plugins.values():
            for product in plugin.products:
                found = list(misfits(product, bare, products.values()))
                if (product.id, product.version) in products:
                    found.append(Problem(f"product model {product.id}", "is declared twice"))
                if found:
                    self._refuse(plugin.name, plugin.file, found)
                else:
                    products[product.id, product.version] = product
        return Registry.of(self.plugins, products, tuple(self.problems))


def plugin_files(folder: Path, kind: str) -> Iterator[tuple[str, Path]]:
    """The name of every plugin of a kind in a folder, and the file that declares it."""
    for inside in sorted((folder / kind).glob("*/")):
        for file in (inside / data_only.FILE, inside / "__init__.py"):
            if file.is_file():
                yield f"{kind}.{inside.name}", file
                break


def load(folders: Iterable[Path] = (), *, strict: bool = False) -> Registry:
    """All built-in and installed plugins, and those of further folders, as a registry."""
    host = Host(strict=strict)
    host.load_folder(Path(str(_built_in().__path__[0])), "built in", "plugins")
    host.load_installed()
    for folder in folders:
        host.load_folder(folder, "folder")
    return host.registry()


@cache
def _shipped_version() -> str:
    """The version of the distribution, which is that of the plugins in it; empty without one."""
    try:
        return distribution_version(hookspecs.PROJECT)
    except PackageNotFoundError:
        return ""


def _built_in() -> ModuleType:
    return importlib.import_module("plugins")


def _folded(
    manager: pluggy.PluginManager, name: str, module: ModuleType, file: Path, origin: Origin
) -> tuple[Plugin, list[Problem]]:
    """Ask every hook of the module once; pluggy knows it no longer than that."""
    _check_marks(name, module)
    with _registered(manager, name, module):
        declared: dict[str, Any] = {
            attribute: tuple(_declared(name, manager, hook)) for hook, attribute in FIELDS.items()
        }
        paths = list(_declared(name, manager, "declare_products"))
    products, texts, problems = list[ProductModel](), dict[tuple[str, str], str](), list[Problem]()
    for path in paths:
        try:
            text = text_of(path)
            product = read_product_text(text, str(path))
        except ModelError as error:
            problems += error.problems
        else:
            products.append(product)
            texts[product.id, product.version] = text
    plugin = Plugin(name, file, origin, products=tuple(products), product_texts=texts, **declared)
    return plugin, problems


@contextmanager
def _registered(manager: pluggy.PluginManager, name: str, module: ModuleType) -> Generator[None]:
    try:
        manager.register(module, name)
        manager.check_pending()
        yield
    except pluggy.PluginValidationError as error:
        hint = f"hooks are {', '.join(hookspecs.RETURNS)}"
        raise ModelError([Problem(name, str(error), hint)]) from None
    finally:
        if manager.has_plugin(name):
            manager.unregister(name=name)


def _check_marks(name: str, module: ModuleType) -> None:
    marker = f"{hookspecs.PROJECT}_impl"
    for hook, function in vars(module).items():
        if hook.startswith("declare_") and callable(function) and not hasattr(function, marker):
            raise ModelError([Problem(name, f"{hook} is not marked as a hook", "add @hookimpl")])


def _declared(name: str, manager: pluggy.PluginManager, hook: str) -> Iterator[Any]:
    wanted, where = hookspecs.RETURNS[hook], f"{name} {hook}"
    try:
        results = [item for result in getattr(manager.hook, hook)() for item in result]
    except ModelError:
        raise
    except Exception as error:
        raise ModelError([Problem(where, _said(error))]) from error
    for item in results:
        if not isinstance(item, wanted):
            what = f"gives {item!r}, a {type(item).__name__} and not a {wanted.__name__}"
            raise ModelError([Problem(where, what, "see the hook's documentation")])
        yield item


def _broken(name: str, error: Exception) -> Problem:
    return Problem(name, f"cannot be imported: {_said(error)}")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _folder_module(name: str) -> str:
    return f"thingwright_folder.{name}"


def _own_version(module: ModuleType) -> str:
    """The version that a plugin of a folder says itself; empty of one that does not."""
    version = getattr(module, "__version__", "")
    return version if isinstance(version, str) else ""


def _import_file(name: str, path: Path) -> ModuleType:
    """Import a package from a folder that is not on the path, afresh each time."""
    spec = importlib.util.spec_from_file_location(
        name, path, submodule_search_locations=[str(path.parent)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
