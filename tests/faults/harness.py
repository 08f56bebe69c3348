"""What all fault drills share: an installation of real processes, and patience with it."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.runtime.database import Database
from tests import devices

PATIENCE = 120.0
PLUGINS = Path(devices.__file__).parent


@attrs.define
class Process:
    """A Python process of ours that can be ended at once and started again."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    running: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.running = await asyncio.create_subprocess_exec(
            sys.executable, *self.arguments, env={**os.environ, **self.environment}
        )

    async def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """End it, if it has not ended, and return its code."""
        assert self.running is not None
        with contextlib.suppress(ProcessLookupError):
            self.running.send_signal(number)
        return await self.running.wait()

    async def restart(self) -> None:
        await self.end()
        await self.start()


def environment(data: Path, database_url: str, broker: str) -> dict[str, str]:
    """What the processes of one installation are told; its devices are those of `tests.devices`."""
    return {
        "THINGWRIGHT_DATA": str(data),
        "THINGWRIGHT_DATABASE": database_url,
        "THINGWRIGHT_BROKER": broker,
        "THINGWRIGHT_PLUGINS": str(PLUGINS),
    }


def service(name: str, told: Mapping[str, str], *arguments: str) -> Process:
    """A process of the command line: `ingest`, `worker`."""
    return Process(("-m", "portal.cli", name, *arguments), told)


@contextlib.asynccontextmanager
async def running(processes: Iterable[Process]):
    """All of them started; killed at the end, however that comes."""
    started: list[Process] = []
    try:
        for each in processes:
            await each.start()
            started.append(each)
        yield
    finally:
        for each in started:
            await each.end()


async def value(database: Database, query: str, **parameters: Any) -> Any:
    """The one value that a query finds."""
    async with database.read() as connection:
        return (await connection.execute(text(query), parameters)).scalar_one()


async def until(
    question: Callable[[], Awaitable[bool]], what: str, within: float = PATIENCE
) -> None:
    """Wait until the answer is yes; a database that does not answer counts as no."""
    try:
        async with asyncio.timeout(within):
            while not await _answer(question):  # noqa: ASYNC110  it is another process
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"after {within:.0f} s still not so: {what}") from None


async def _answer(question: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await question()
    except (DBAPIError, OSError):
        return False
