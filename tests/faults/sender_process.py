"""The outbox in processes of its own, each of which ends itself with SIGKILL at one of its points.

Points are before and after each writing statement, before each commit, and before and after each
message is published. A line of standard input says at which of them, counted from 1, 0 for never;
it is answered with the new process's id, and then with the number of the signal that ended it.
Processes are forked, because importing takes longer than all that one of them does.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterable
from typing import Any

import attrs
from sqlalchemy import event
from sqlalchemy.engine import Engine

from core.runtime import bus
from core.runtime.database import Database
from core.runtime.outbox import Outbox
from core.runtime.settings import Settings
from core.runtime.transport import Outgoing, Publisher

PAUSE = 0.05
WRITES = ("INSERT", "UPDATE", "DELETE")


@attrs.define
class Points:
    """Counts the points that are passed, and ends the process at the last one."""

    last: int
    passed: int = 0

    def passing(self) -> None:
        self.passed += 1
        if self.passed == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch_database(self) -> None:
        for name in ("before_cursor_execute", "after_cursor_execute"):
            event.listen(Engine, name, self._statement)
        event.listen(Engine, "commit", lambda _connection: self.passing())

    def _statement(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(WRITES):
            self.passing()


@attrs.define
class Passing:
    """A publisher that passes a point before and after each message."""

    publisher: Publisher
    points: Points

    async def publish_many(self, messages: Iterable[Outgoing]) -> None:
        for message in messages:
            self.points.passing()
            await self.publisher.publish_many([message])
        self.points.passing()


async def send(points: Points, settings: Settings) -> None:
    database = Database(settings.database_url)
    await database.open()
    points.watch_database()
    async with bus.publisher(settings, "worker", "outbox") as publisher:
        outbox = Outbox(database, Passing(publisher, points))
        while True:
            await outbox.work()
            await asyncio.sleep(PAUSE)


def main() -> None:
    for line in sys.stdin:
        if not (child := os.fork()):
            asyncio.run(send(Points(int(line)), Settings.from_environment()))
        say(child)
        say(os.WTERMSIG(os.waitpid(child, 0)[1]))


def say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
