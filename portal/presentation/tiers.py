"""How well the plugins are proven: tried once in each process, beside what it is asked for."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from core.conformance import Tier, report
from core.conformance.subject import Subject
from core.conformance.tiers import reached
from core.registry import Registry

PATIENCE: Final = 2.0
"""Seconds that a page waits for tiers that are not known yet."""

_TRYING: Final = ThreadPoolExecutor(1, "tiers")
_TIERS: Final[dict[Path, Future[Tier]]] = {}


async def tiers(registry: Registry, names: list[str]) -> dict[str, Tier]:
    """The tiers of these plugins, without those that are still being tried."""
    asked = {name: _asked(name, registry) for name in names if name in registry.plugins}
    if waited := [asyncio.wrap_future(each) for each in asked.values() if not each.done()]:
        await asyncio.wait(waited, timeout=PATIENCE)
    return {name: each.result() for name, each in asked.items() if each.done()}


def _asked(name: str, registry: Registry) -> Future[Tier]:
    file = registry.plugins[name].file
    if file not in _TIERS:
        _TIERS[file] = _TRYING.submit(_tier, name, registry)
    return _TIERS[file]


def _tier(name: str, registry: Registry) -> Tier:
    """Of what ships the tests have tried every rule; of others all are tried here."""
    plugin = registry.plugins[name]
    if plugin.origin == "built in":
        return reached(Subject.of(plugin, registry))
    return report(name, registry).tier
