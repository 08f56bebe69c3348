"""The time that a page of telemetry is about: a day or week of the site, or between two moments."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from attrs import frozen

from core.records import RequestError
from core.telemetry.periods import DAY, Span, day
from core.thing_model.problems import Problem
from portal.presentation.period import Period, Range, period_of, query_of, site_date
from portal.texts import _

MOST_DAYS: Final = 31
AROUND: Final = 600_000
"""Milliseconds before and after a fault that tell of it."""
WIDTHS: Final = tuple(1000 * n for n in (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 86_400))
"""Widths of columns in milliseconds, each a multiple of the one before it."""


@frozen
class Window:
    """From a moment to before another, UTC milliseconds; `period` is the day or week that it is."""

    begin: int
    end: int
    timezone: str
    period: Period | None = None

    @property
    def span(self) -> Span:
        return self.begin, self.end

    @property
    def query(self) -> dict[str, str]:
        """As an address says it."""
        if self.period is not None:
            return {"range": self.period.range, "at": self.period.at.isoformat()}
        return {"from": self._local(self.begin, "+"), "to": self._local(self.end, "+")}

    @property
    def fields(self) -> tuple[str, str]:
        """Its ends as the fields of a form have them, on the site's clock."""
        return self._local(self.begin), self._local(self.end)

    @property
    def title(self) -> str:
        if self.period is not None:
            return self.period.title
        return " – ".join(text.replace("T", " ") for text in self.fields)

    def width(self, most: int) -> int:
        """The width of columns of which no more than `most` are in it."""
        return next(width for width in WIDTHS if (self.end - self.begin) / width <= most)

    def _local(self, at: int, offset: str = "") -> str:
        moment = datetime.fromtimestamp(at / 1000, ZoneInfo(self.timezone or "UTC"))
        return (moment if offset else moment.replace(tzinfo=None)).isoformat(timespec="seconds")


def window_of(
    timezone: str, now: int, ends: tuple[str, str], range_: Range, at: date | None
) -> Window:
    """The span between two moments if either is given, or else a day or week of the site.

    A moment without an offset is on the site's clock. Raises RequestError for an impossible one.
    """
    if not any(ends):
        period = period_of(range_, at, site_date(now, timezone))
        span = day(period.first, timezone)[0], day(period.last, timezone)[1]
        return Window(*span, timezone, period)
    begin, end = (_moment(name, text, timezone) for name, text in zip(_ENDS, ends, strict=True))
    if end <= begin:
        raise RequestError(Problem("to", _("is not after the beginning"), _("choose a later time")))
    if end - begin > MOST_DAYS * DAY:
        long = _("is more than %(days)s days after the beginning", days=MOST_DAYS)
        raise RequestError(Problem("to", long, _("ask for less, or export the readings")))
    return Window(begin, end, timezone)


def _moment(name: str, text: str, timezone: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(timezone or "UTC"))
        return int(moment.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        hint = _("write it as 2026-11-22T10:30")
        raise RequestError(Problem(name, _("is not a moment"), hint)) from error


def around_fault(
    timezone: str, now: int, opened_at: int, closed_at: int | None
) -> Mapping[str, str]:
    """What an address says of the time of a fault, and some minutes before and after it."""
    until = now if closed_at is None else closed_at
    end = min(until + AROUND, opened_at - AROUND + MOST_DAYS * DAY)
    return Window(opened_at - AROUND, end, timezone).query


def neighbours(window: Window) -> tuple[dict[str, str], dict[str, str]]:
    """The periods before and after, or spans of the same length; empty where there is none."""
    period = window.period
    if period is None:
        length = window.end - window.begin
        moved = (
            Window(window.begin + n, window.end + n, window.timezone) for n in (-length, length)
        )
        before, after = (each.query for each in moved)
        return before, after
    return _said(period.previous), _said(period.following)


def other(window: Window, range_: Range, now: int) -> dict[str, str]:
    """The day or week around the same time."""
    at = window.period.at if window.period else site_date(window.begin, window.timezone)
    today = site_date(now, window.timezone)
    return _said(query_of(range_, min(at, today)))


def _said(text: str) -> dict[str, str]:
    return dict(parse_qsl(text))


_ENDS: Final = ("from", "to")
