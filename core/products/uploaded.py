"""Plugins that were uploaded, over those that are installed.

Each process unpacks what serves once, by its digest, and keeps the files as long as it runs: the
vectors are read from them whenever somebody tries the plugin.
"""

import atexit
import shutil
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from attrs import evolve, frozen
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.host import Host
from core.plugin import Plugin
from core.plugin_archives import unpack
from core.products.tables import plugin_uploads
from core.registry import Registry
from core.thing_model.problems import ModelError, Problem

ORIGIN: Final = "uploaded"


@frozen(eq=False)
class Loaded:
    """What a zip came to: its plugin, unless it could not be read, and all that is wrong."""

    plugin: Plugin | None
    problems: tuple[Problem, ...] = ()


async def digests(connection: AsyncConnection) -> tuple[str, ...]:
    """Of the plugins that serve, in the order of their names."""
    serving = plugin_uploads.c.state == "serving"
    query = select(plugin_uploads.c.digest).where(serving).order_by(plugin_uploads.c.name)
    return tuple((await connection.execute(query)).scalars())


async def serving(connection: AsyncConnection, wanted: Sequence[str]) -> list[Loaded]:
    """The plugins of these digests; only those are fetched that this process has not seen."""
    fresh = [each for each in wanted if each not in _LOADED]
    query = select(plugin_uploads.c.content).where(
        plugin_uploads.c.digest.in_(fresh), plugin_uploads.c.state == "serving"
    )
    if fresh:
        for content in (await connection.execute(query)).scalars():
            digest = digest_of(content)
            _LOADED[digest] = read(content, _folder() / digest)
    return [_LOADED[each] for each in wanted if each in _LOADED]


def digest_of(content: bytes) -> str:
    """By which a zip is known."""
    return sha256(content).hexdigest()


def read(content: bytes, folder: Path) -> Loaded:
    """Unpack a zip into a folder, and load its plugin from there."""
    try:
        name = unpack(content, folder)
    except ModelError as error:
        return Loaded(None, error.problems)
    host = Host()
    host.load_folder(folder, ORIGIN)
    return Loaded(host.plugins.get(name), tuple(shown(each, folder) for each in host.problems))


def shown(problem: Problem, folder: Path) -> Problem:
    """A problem with the place in the zip, not that on this machine."""
    return evolve(problem, where=problem.where.replace(f"{folder}/", ""))


def over(installed: Registry, uploads: Iterable[Loaded]) -> Registry:
    """These and the plugins that are installed, with the product models of both.

    What cannot be loaded beside the others is left out, and a problem of the registry.
    """
    plugins = {n: p for n, p in installed.plugins.items() if p.origin != ORIGIN}
    problems = list(installed.problems)
    for each in uploads:
        problems += each.problems
        if (plugin := each.plugin) is None:
            continue
        if known := plugins.get(plugin.name):
            what = f"was uploaded, and another has this name ({known.origin})"
            problems.append(Problem(plugin.name, what, "retire what was uploaded", plugin.name))
        else:
            plugins[plugin.name] = plugin
    made = Host(plugins=plugins, problems=problems).registry()
    return evolve(made, problems=tuple(dict.fromkeys(made.problems)))


@cache
def _folder() -> Path:
    made = Path(mkdtemp(prefix="thingwright-plugins-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


_LOADED: Final[dict[str, Loaded]] = {}
