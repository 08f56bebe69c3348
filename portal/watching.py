"""What is not well, for the bell and the banner: looked up now and then, not for every page."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from core.access import Access
from core.commanding import approvals
from core.notifications import given_up
from core.registry import Registry
from core.runtime.clock import Clock
from core.runtime.database import Database
from core.upkeep.conditions import Condition, gravest_first
from core.upkeep.health import UNDELIVERED, UNREACHABLE, Disk, Seen, health, undelivered
from portal.live import Hub

LOGGER: Final = logging.getLogger(__name__)
EVERY: Final = 15.0
"""Seconds between two looks."""
LATE: Final = 60_000
"""Milliseconds that the newest news of the live feed may have been under way."""


@frozen
class Place:
    """Where more is said of a condition, and who is told of it.

    permission: what one needs to be told.
    alarming: whether it is said above every page, not by the bell alone.
    """

    route: str = ""
    permission: str = "plugins:read"
    alarming: bool = True


PLACES: Final[Mapping[str, Place]] = {
    "dead_letters": Place("/dead-letters", "dead_letters:read", alarming=False),
    UNDELIVERED: Place("/sent-messages?state=failed&created_at.from=now-7d", "reminders:read"),
    "plugins_left_out": Place("/plugin-problems"),
    "unapproved": Place("/instructions?state=PENDING_APPROVAL", "commands:approve", alarming=False),
}
ELSEWHERE: Final = Place()


@frozen
class News:
    """A condition as somebody is told of it."""

    condition: Condition
    place: Place


@define(eq=False)
class Watch:
    """What was found at the last look, and what the live feed says now.

    unapproved: how many instructions wait for a second person, by the id of who asked.
    given_up: how many messages could not be delivered, by the company whose rule it was.
    """

    registry: Registry
    hub: Hub
    folder: Path
    found: tuple[Condition, ...] = ()
    unapproved: Mapping[int | None, int] = field(factory=dict[int | None, int])
    given_up: Mapping[int | None, int] = field(factory=dict[int | None, int])

    def news(self, access: Access) -> tuple[News, ...]:
        """What somebody may be told of, the gravest first."""
        own = [*self._unapproved(access), *self._given_up(access)]
        common = [each for each in self.found if each.code != UNDELIVERED]
        told = [
            News(each, PLACES.get(each.code, ELSEWHERE))
            for each in gravest_first([*self._feed(), *common, *own])
        ]
        return tuple(each for each in told if access.may(each.place.permission))

    def _feed(self) -> Iterator[Condition]:
        if self.hub.wanted and not self.hub.listening:
            yield Condition("feed_silent", "warning")
        elif self.hub.lag is not None and self.hub.lag > LATE:
            yield Condition("feed_late", "warning", {"seconds": self.hub.lag // 1000})

    def _unapproved(self, access: Access) -> Iterator[Condition]:
        """What others asked for: nobody approves what they asked for themselves."""
        asked = self.unapproved.items()
        if count := sum(number for asker, number in asked if asker != access.user_id):
            yield Condition("unapproved", "warning", {"count": count})

    def _given_up(self, access: Access) -> Iterator[Condition]:
        """Messages by rules that somebody sees: a company those of its own."""
        if access.user_type == "A":
            return undelivered(sum(self.given_up.values()))
        is_company = access.user_type == "B" and access.company_id is not None
        return undelivered(self.given_up.get(access.company_id, 0) if is_company else 0)

    async def look(self, database: Database, now: int) -> tuple[Condition, ...]:
        """Ask once; what is not well, also where the database does not answer."""
        disk = Disk("the portal", *await asyncio.to_thread(disk_of, self.folder))
        left_out = frozenset(problem.plugin or problem.where for problem in self.registry.problems)
        try:
            async with database.read() as connection:
                self.found = tuple(await health(connection, now, Seen((disk,), left_out)))
                self.unapproved = await approvals.waiting(connection, now)
                self.given_up = await given_up.by_owner(connection, now)
        except Exception as error:  # noqa: BLE001  whatever a driver raises, the answer is no
            LOGGER.warning("the database does not answer: %s", error)
            self.found = (UNREACHABLE,)
        return self.found

    async def keep(self, database: Database, clock: Clock, ended: asyncio.Event) -> None:
        """Look again and again.

        Ended by the event, not cancelled: a driver cancelled while it connects leaves the
        connection open.
        """
        while not ended.is_set():
            await self.look(database, clock())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), EVERY)


def disk_of(folder: Path) -> tuple[int, int]:
    """Bytes in all and free of the disk a folder is on; nothing where there is no such folder."""
    if not folder.is_dir():
        return 0, 0
    usage = shutil.disk_usage(folder)
    return usage.total, usage.free
