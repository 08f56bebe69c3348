"""Each process reports through the database that it lives, and its figures."""

import asyncio
import logging
import resource
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from core.registry import Registry
from core.runtime import clock
from core.runtime.clock import Clock
from core.runtime.database import Database, cause, trouble
from core.upkeep import heartbeats
from core.upkeep.heartbeats import Process

LOGGER = logging.getLogger(__name__)
INTERVAL: Final = 10.0
PATIENCE: Final = 30.0


@define(eq=False)
class Heart:
    """Reports for one process. `figures` is asked for what this kind of process has to say."""

    database: Database
    kind: str
    slot: str
    data: Path
    figures: Callable[[], dict[str, Any]] = dict
    registry: Registry | None = None
    clock: Clock = clock.now
    started_at: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.started_at = self.clock()

    async def adopt(self, registry: Registry) -> None:
        """Report the problems of this registry."""
        self.registry = registry

    async def run(self) -> None:
        """Report until cancelled; while the database does not answer nothing is reported."""
        while True:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self.beat()
            except Exception as error:
                if not isinstance(error, TimeoutError) and trouble(error) != "away":
                    raise
                LOGGER.warning("%s cannot report: %s", self.kind, cause(error))
            await asyncio.sleep(INTERVAL)

    async def beat(self) -> None:
        """Report once."""
        name = f"{self.kind}-{self.slot}@{socket.gethostname()}"[:64]
        now = self.clock()
        process = Process(name, self.kind, self.started_at, now, self._common() | self.figures())
        async with self.database.begin() as connection:
            await heartbeats.beat(connection, process)
            await heartbeats.forget(connection, now)

    def _common(self) -> dict[str, Any]:
        disk = shutil.disk_usage(self.data if self.data.exists() else Path.cwd())
        usage = resource.getrusage(resource.RUSAGE_SELF)
        problems = self.registry.problems if self.registry else ()
        return {
            "disk_total": disk.total,
            "disk_free": disk.free,
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
            "peak_memory": usage.ru_maxrss * 1024,
            "left_out": sorted({problem.plugin or problem.where for problem in problems}),
        }
