"""Moments as people type them into a filter."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

UNITS: Final = {"min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_RELATIVE: Final = re.compile(r"now(?:-(\d{1,4})(min|h|d|w))?")
_MILLISECONDS: Final = re.compile(r"\d{11,14}")


def instant(text: str, now: int, zone: str = "UTC", *, end: bool = False) -> int:
    """UTC milliseconds of a date, a time, milliseconds or "now-24h"; raises ValueError.

    A time without an offset is of `zone`. With `end` a date is its last millisecond, and a time
    written to the minute or second is the last one of that.
    """
    if found := _RELATIVE.fullmatch(text):
        number, unit = found.groups()
        return now - int(number or 0) * UNITS[unit or "min"]
    if _MILLISECONDS.fullmatch(text):
        return int(text)
    moment = datetime.fromisoformat(text)
    if end:
        moment += _step(text) - timedelta(milliseconds=1)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return _milliseconds(moment)


def _step(text: str) -> timedelta:
    """How long what was written lasts: a day, a minute or a second."""
    if len(text) <= 10:
        return timedelta(days=1)
    return timedelta(minutes=1) if text.count(":") < 2 else timedelta(seconds=1)


def _milliseconds(moment: datetime) -> int:
    try:
        return int(moment.astimezone(UTC).timestamp() * 1000)
    except OverflowError:
        raise ValueError(str(moment)) from None
