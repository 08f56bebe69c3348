"""Days, months and years as people at a site live them, in UTC milliseconds.

All zones of today differ from UTC by a multiple of 15 minutes, so each begins with a bucket of five
minutes. A day has 23, 24 or 25 hours.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

Span = tuple[int, int]
"""First millisecond, and the first one after the end."""
HOUR: Final = 3_600_000
DAY: Final = 86_400_000
EPOCH: Final = date(1970, 1, 1)
"""Days are counted from here."""


def day(of: date, timezone: str) -> Span:
    """A site's day; an empty zone is UTC."""
    return _midnight(of, timezone), _midnight(of + timedelta(days=1), timezone)


def hours(of: date, timezone: str) -> Iterator[Span]:
    """The 23, 24 or 25 hours of a site's day."""
    begin, end = day(of, timezone)
    for start in range(begin, end, HOUR):
        yield start, min(start + HOUR, end)


def days(first: date, last: date) -> Iterator[date]:
    """The days of a period, the last one too."""
    for n in range((last - first).days + 1):
        yield first + timedelta(days=n)


def site_days(utc_day: int, timezone: str) -> Iterator[date]:
    """The site's days that overlap a day of UTC (since 1970): two, or three where one is short."""
    zone = ZoneInfo(timezone or "UTC")
    ends = (utc_day * DAY, (utc_day + 1) * DAY - 1)
    first, last = (datetime.fromtimestamp(end / 1000, UTC).astimezone(zone).date() for end in ends)
    return days(first, last)


def _midnight(of: date, timezone: str) -> int:
    begin = datetime(of.year, of.month, of.day, tzinfo=ZoneInfo(timezone or "UTC"))
    return int(begin.timestamp() * 1000)
