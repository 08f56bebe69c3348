"""Keeps the processes of an installation running: starts them, restarts what ends, stops all."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

LOGGER = logging.getLogger(__name__)

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_AFTER = 60.0
PATIENCE = 10.0


@frozen
class Service:
    """A process of ours: the arguments of the `thingwright` command that runs it."""

    name: str
    arguments: tuple[str, ...]


@define
class Supervisor:
    """Runs services as child processes until `stop` is called or a signal arrives."""

    services: Sequence[Service]
    environment: Mapping[str, str]
    stopping: asyncio.Event = field(factory=asyncio.Event)

    async def run(self) -> None:
        """Returns when all children have ended after a stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        async with asyncio.TaskGroup() as group:
            for service in self.services:
                group.create_task(self._keep(service))

    def stop(self) -> None:
        self.stopping.set()

    async def _keep(self, service: Service) -> None:
        pause = FIRST_PAUSE
        while not self.stopping.is_set():
            started = asyncio.get_running_loop().time()
            code = await self._run(service)
            if self.stopping.is_set():
                return
            lived = asyncio.get_running_loop().time() - started
            pause = FIRST_PAUSE if lived > STEADY_AFTER else min(LONGEST_PAUSE, pause * 2)
            LOGGER.warning("%s ended (%s), starts again in %.1f s", service.name, code, pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)

    async def _run(self, service: Service) -> int:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "portal.cli",
            *service.arguments,
            env=self.environment,
            start_new_session=True,
        )
        ended, stopped = (asyncio.create_task(c) for c in (child.wait(), self.stopping.wait()))
        await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not ended.done():
            child.terminate()
            try:
                await asyncio.wait_for(asyncio.shield(ended), PATIENCE)
            except TimeoutError:
                LOGGER.warning("%s does not stop, is killed", service.name)
                child.kill()
        return await ended
