"""The day, week, month or year that a page of figures is about, by a site's own calendar."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from attrs import frozen

from core.telemetry.periods import days

Range = Literal["day", "week", "month", "year"]
EARLIEST: Final = date(2020, 1, 1)
"""Telemetry begins no earlier."""
_WEEK: Final = timedelta(days=6)


@frozen
class Period:
    """The days from `first` to `last`, both within it. `at` is the day that was asked for.

    `today` is the site's.
    """

    range: Range
    at: date
    first: date
    last: date
    today: date

    @property
    def title(self) -> str:
        """How people write it: 2026-11-22, 2026-11-16 – 2026-11-22, 2026-11 or 2026."""
        if self.range == "week":
            return f"{self.first} – {self.last}"
        return self.first.isoformat()[: {"day": 10, "month": 7, "year": 4}[self.range]]

    @property
    def query(self) -> str:
        return query_of(self.range, self.at)

    @property
    def previous(self) -> str:
        """The query of the period before it; empty where there is none."""
        before = self.first - timedelta(days=1)
        return query_of(self.range, before) if before >= EARLIEST else ""

    @property
    def following(self) -> str:
        """The query of the period behind it; empty where that has not begun."""
        after = self.last + timedelta(days=1)
        return query_of(self.range, after) if after <= self.today else ""

    @property
    def holds_today(self) -> bool:
        return self.first <= self.today <= self.last

    def other(self, range_: Range) -> str:
        """The query of the period of another length around the same day."""
        return query_of(range_, self.at)

    def steps(self) -> Iterator[date]:
        """The days of a week or month, or the first days of the months of a year."""
        if self.range == "year":
            return (date(self.first.year, month, 1) for month in range(1, 13))
        return days(self.first, self.last)


def period_of(range_: Range, at: date | None, today: date) -> Period:
    """The period around a day, today without one; no further than today and EARLIEST."""
    day = min(max(at or today, EARLIEST), max(today, EARLIEST))
    first = last = day
    if range_ == "week":
        first = day - timedelta(days=day.weekday())
        last = first + _WEEK
    elif range_ == "month":
        first, last = day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
    elif range_ == "year":
        first, last = date(day.year, 1, 1), date(day.year, 12, 31)
    return Period(range_, day, first, last, today)


def query_of(range_: Range, at: date) -> str:
    """A period as an address says it."""
    return f"range={range_}&at={at}"


def site_date(milliseconds: int, timezone: str) -> date:
    """The day that a moment is on at a site; an empty zone is UTC."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.astimezone(ZoneInfo(timezone or "UTC")).date()
