"""Quiet hours: the times of day, by the clock of a zone, at which nobody is told of anything."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from attrs import frozen

SHAPE: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@frozen
class Quiet:
    """From one time of day until another, perhaps over midnight; none where both are empty."""

    begins: str
    ends: str
    timezone: str

    def until(self, now: int) -> int | None:
        """When the quiet that is now is over, in UTC milliseconds; None where there is none."""
        if not self.begins or not self.ends:
            return None
        local = datetime.fromtimestamp(now / 1000, ZoneInfo(self.timezone))
        begin, end = time.fromisoformat(self.begins), time.fromisoformat(self.ends)
        clock = local.time()
        over_midnight = begin > end
        if not (clock >= begin or clock < end if over_midnight else begin <= clock < end):
            return None
        day = local.date() + timedelta(days=1 if over_midnight and clock >= begin else 0)
        over = datetime.combine(day, end, ZoneInfo(self.timezone))
        return int(over.astimezone(UTC).timestamp() * 1000)
