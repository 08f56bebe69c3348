"""Moments as exports tell them, quickly: within a quarter of an hour only minutes and below differ.

Zones of today differ from UTC by whole quarters and change on one. Where a clock was or is another
(all zones had such times once), each moment is told by itself.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

QUARTER: Final = 900_000
KEPT: Final = 4_096


def utc_time(at: int) -> str:
    """UTC milliseconds as ISO 8601, always with milliseconds."""
    return _told(at, "UTC", "milliseconds")


def site_time(at: int, timezone: str) -> str:
    """UTC milliseconds as a clock at the site shows them, with its offset; no zone is UTC."""
    return _told(at, timezone or "UTC", "milliseconds" if at % 1000 else "seconds")


def _told(at: int, timezone: str, digits: str) -> str:
    known = _quarter(at // QUARTER, timezone)
    if known is None:
        return _moment(at, timezone).isoformat(timespec=digits)
    hour, first, offset = known
    minute, rest = divmod(at % QUARTER, 60_000)
    if digits == "seconds":
        return f"{hour}{first + minute:02}:{rest // 1000:02}{offset}"
    return f"{hour}{first + minute:02}:{rest // 1000:02}.{rest % 1000:03}{offset}"


@lru_cache(maxsize=KEPT)
def _quarter(number: int, timezone: str) -> tuple[str, int, str] | None:
    """How its moments begin, up to the hour, its first minute, and how they end."""
    begin = _moment(number * QUARTER, timezone)
    end = _moment((number + 1) * QUARTER - 1, timezone)
    if begin.utcoffset() != end.utcoffset() or begin.minute % 15 or begin.second:
        return None
    text = begin.isoformat(timespec="minutes")
    return text[:14], begin.minute, text[16:]


def _moment(at: int, timezone: str) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(timezone))
