"""What is not well, for the bell and the banner: looked up now and then, not for every page."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from attrs import define, field, frozen

from core.access import Access
from core.registry import Registry
from core.runtime.database import Database
from core.telemetry import dead_letters
from portal.live import Hub
from portal.texts import N_

LOGGER: Final = logging.getLogger(__name__)
EVERY: Final = 15.0
"""Seconds between two looks."""
LATE: Final = 60_000
"""Milliseconds that the newest news of the live feed may have been under way."""
DISK_SCARCE: Final = 0.10
DISK_FULL: Final = 0.03
GIB: Final = 1 << 30

Level = Literal["warning", "critical"]


@frozen
class Condition:
    """One thing that is so: `sentence` with its `values`, and where more is said of it.

    permission: what one needs to be told of it.
    alarming: whether it is said above every page, not by the bell alone.
    """

    code: str
    level: Level
    sentence: str
    route: str = ""
    values: Mapping[str, str | int] = field(factory=dict[str, str | int])
    permission: str = "plugins:read"
    alarming: bool = True


@define(eq=False)
class Watch:
    """What was found at the last look."""

    registry: Registry
    hub: Hub
    folder: Path
    letters: int = 0
    disk: tuple[int, int] = (0, 0)
    """Bytes in all and free."""

    def conditions(self, access: Access) -> tuple[Condition, ...]:
        """What somebody may be told of, the gravest first."""
        told = [each for each in self._all() if access.may(each.permission)]
        return tuple(sorted(told, key=lambda each: each.level != "critical"))

    def _all(self) -> Iterator[Condition]:
        yield from self._disk()
        yield from self._feed()
        yield from self._plugins()
        if self.letters:
            sentence = N_("Messages that could not be taken in: %(count)s")
            values = {"count": self.letters}
            route, permission = "/dead-letters", "dead_letters:read"
            yield Condition(
                "dead_letters", "warning", sentence, route, values, permission, alarming=False
            )

    def _disk(self) -> Iterator[Condition]:
        total, free = self.disk
        if total and free < total * DISK_SCARCE:
            level: Level = "critical" if free < total * DISK_FULL else "warning"
            values = {"free": f"{free / GIB:.1f}", "total": f"{total / GIB:.1f}"}
            sentence = N_("The data disk has %(free)s of %(total)s GiB left.")
            yield Condition("disk_full", level, sentence, "", values)

    def _feed(self) -> Iterator[Condition]:
        if self.hub.wanted and not self.hub.listening:
            sentence = N_("The live feed is not connected: pages show what is stored.")
            yield Condition("feed_silent", "warning", sentence, "/")
        elif self.hub.lag is not None and self.hub.lag > LATE:
            values = {"seconds": self.hub.lag // 1000}
            sentence = N_("The live feed lags %(seconds)s s behind: values on pages are old.")
            yield Condition("feed_late", "warning", sentence, "/", values)

    def _plugins(self) -> Iterator[Condition]:
        names = sorted({each.plugin or each.where for each in self.registry.problems})
        if names:
            values = {"names": ", ".join(names)}
            sentence = N_("Plugins left out, because something is wrong with them: %(names)s")
            yield Condition("plugins_left_out", "warning", sentence, "/plugins#problems", values)

    async def look(self, database: Database) -> None:
        """Count and measure once."""
        async with database.read() as connection:
            self.letters = sum((await dead_letters.counts(connection)).values())
        self.disk = await asyncio.to_thread(disk_of, self.folder)

    async def keep(self, database: Database, ended: asyncio.Event) -> None:
        """Look again and again; a look that fails is said, and tried again.

        Ended by the event, not cancelled: a driver cancelled while it connects leaves the
        connection open.
        """
        while not ended.is_set():
            try:
                await self.look(database)
            except Exception as error:  # noqa: BLE001  whatever a driver raises
                LOGGER.warning("watching: %s", error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), EVERY)


def disk_of(folder: Path) -> tuple[int, int]:
    """Bytes in all and free of the disk a folder is on; nothing where there is no such folder."""
    if not folder.is_dir():
        return 0, 0
    usage = shutil.disk_usage(folder)
    return usage.total, usage.free
