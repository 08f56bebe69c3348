"""What keeps the store in shape beside everything else: days made ahead, compaction, retention.

It does one short transaction after another and rests longer than it worked, so that ingest is not
held up. Killed at any point it goes on where it was; two at a time do no harm.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from attrs import define, frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from core.notifications import retention as messages
from core.runtime import clock
from core.runtime.clock import Clock
from core.runtime.database import Database, cause, trouble
from core.telemetry import chunks, compaction, partitions, retention
from core.upkeep import background

LOGGER = logging.getLogger(__name__)
INTERVAL: Final = 60.0
REST: Final = 3.0
"""Seconds of rest for each second of work."""
PARTITIONS, COMPACTION, RETENTION = "partitions", "compaction", "retention"
NOTIFICATIONS: Final = "notifications"

Progress = Callable[[int], None]
Work = Callable[[AsyncConnection], Awaitable[int]]


@frozen
class Keeping:
    """How long frames stay as they are, and how long they and messages are kept at all.

    hot_days: frames of older days are compacted, which loses nothing; at least 2.
    retention_days: frames of older days are deleted; 0 keeps all.
    notification_days: messages that are older are deleted; 0 keeps all.
    """

    hot_days: int = 14
    retention_days: int = 0
    notification_days: int = 0


@define(eq=False)
class Housekeeper:
    """Does what is due. `rest` 0 works without pause."""

    database: Database
    keeping: Keeping = Keeping()
    clock: Clock = clock.now
    rest: float = REST

    async def run(self) -> None:
        """Work each minute until cancelled."""
        while True:
            for name, work in (
                (PARTITIONS, self.prepare),
                (RETENTION, self.forget),
                (NOTIFICATIONS, self.forget_messages),
                (COMPACTION, self.compact),
            ):
                await self._try(name, work)
            await asyncio.sleep(INTERVAL)

    async def prepare(self) -> int:
        """Make the partitions that are missing; returns how many."""
        async with self.database.read() as connection:
            now, hot_days = self.clock(), self.keeping.hot_days
            missing = await partitions.missing(connection, now, hot_days)
        if not missing:
            return 0
        await self._begin(PARTITIONS, len(missing))
        for day in missing:
            await self._step(PARTITIONS, _counting(partitions.make, day))
        await self._finish(PARTITIONS)
        return len(missing)

    async def compact(self, progress: Progress | None = None) -> int:
        """Compact what is old enough; returns how many frames that were."""
        before = compaction.limit(self.clock(), self.keeping.hot_days)
        async with self.database.read() as connection:
            total = await compaction.pending(connection, before)
        done = 0
        if total:
            await self._begin(COMPACTION, total)
            done = await self._compact(before, progress or (lambda _: None))
        await self._drop_empty_days(before)
        if total:
            await self._finish(COMPACTION)
        return done

    async def forget(self) -> int:
        """Delete what is older than it is to be kept; returns how many rows and days that were."""
        if not self.keeping.retention_days:
            return 0
        before = retention.limit(self.clock(), self.keeping.retention_days)
        async with self.database.begin() as connection:
            done = await retention.drop_days(connection, before)
        return await self._deleted(RETENTION, lambda c: retention.step(c, before), done)

    async def forget_messages(self) -> int:
        """Delete messages that are older than they are to be kept; returns how many."""
        if not self.keeping.notification_days:
            return 0
        before = self.clock() - self.keeping.notification_days * messages.DAY
        return await self._deleted(NOTIFICATIONS, lambda c: messages.step(c, before))

    async def _deleted(self, name: str, step: Work, done: int = 0) -> int:
        """Delete step by step until nothing is left that is old."""
        while deleted := await self._rested(step):
            done += deleted
        if done:
            await self._begin(name, done)
            await self._finish(name)
        return done

    async def _compact(self, before: int, progress: Progress) -> int:
        pass_ = _Pass(before)
        done = 0
        while pass_.position is not None:
            done += await self._step(COMPACTION, pass_.step)
            progress(done)
        return done

    async def _drop_empty_days(self, before: int) -> None:
        """The days that are compacted need no partition; late frames go to the default one."""
        async with self.database.read() as connection:
            old = [day for day in await partitions.days(connection) if day < before]
        for day in old:
            await self._rested(_counting(partitions.drop_if_empty, day))

    async def _step(self, name: str, work: Work) -> int:
        """One transaction of a job, with what it did noted in it."""

        async def noted(connection: AsyncConnection) -> int:
            count = await work(connection)
            await background.advance(connection, name, count, self.clock())
            return count

        return await self._rested(noted)

    async def _rested(self, work: Work) -> int:
        started = time.monotonic()
        async with self.database.begin() as connection:
            count = await work(connection)
        await asyncio.sleep((time.monotonic() - started) * self.rest)
        return count

    async def _begin(self, name: str, total: int) -> None:
        async with self.database.begin() as connection:
            await background.begin(connection, name, total, self.clock())

    async def _finish(self, name: str) -> None:
        async with self.database.begin() as connection:
            await background.finish(connection, name, self.clock())

    async def _try(self, name: str, work: Callable[[], Awaitable[int]]) -> None:
        """Do it; what stops it is kept and tried again later."""
        try:
            done = await work()
        except Exception as error:
            said = trouble(error)
            LOGGER.warning("%s stopped: %s", name, cause(error), exc_info=said == "broken")
            await self._note(name, str(cause(error)))
            if said != "away":
                raise
        else:
            if done:
                LOGGER.info("%s: %d done", name, done)

    async def _note(self, name: str, error: str) -> None:
        try:
            async with self.database.begin() as connection:
                await background.fail(connection, name, error, self.clock())
        except Exception as again:
            if trouble(again) != "away":
                raise


@define
class _Pass:
    """One way through all that is to be compacted."""

    before: int
    position: compaction.Position | None = compaction.BEGINNING

    async def step(self, connection: AsyncConnection) -> int:
        start = self.position or compaction.BEGINNING
        done = await compaction.step(connection, self.before, start)
        self.position = done.next
        return done.frames


def _counting(work: Callable[[AsyncConnection, int], Awaitable[object]], day: int) -> Work:
    async def counted(connection: AsyncConnection) -> int:
        await chunks.guard(connection, alone=True)
        await work(connection, day)
        return 1

    return counted
