"""Moments of exports are told as a datetime tells them, in every zone and at any time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from core.exports.moments import site_time, utc_time

ZONES = sorted(available_timezones())
CHANGE = 1_806_195_600_000
"""2027-03-28T01:00Z: clocks are put forward in Europe."""


def slowly(at: int, timezone: str) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(timezone or "UTC"))
    return moment.isoformat(timespec="milliseconds" if at % 1000 else "seconds")


@given(st.integers(-(2**40), 2**42), st.sampled_from(["", *ZONES]))
def test_any_moment_in_any_zone(at: int, timezone: str) -> None:
    assert site_time(at, timezone) == slowly(at, timezone)
    utc = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    assert utc_time(at) == utc


@given(st.integers(-2_000_000, 2_000_000))
def test_when_clocks_are_changed(off: int) -> None:
    for timezone in ("Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Monrovia"):
        assert site_time(CHANGE + off, timezone) == slowly(CHANGE + off, timezone)


def test_clocks_that_had_no_whole_minutes() -> None:
    for at in range(0, 1_800_000, 10_007):
        assert site_time(at, "Africa/Monrovia") == slowly(at, "Africa/Monrovia")
    assert site_time(0, "Africa/Monrovia").endswith("-00:44:30")
