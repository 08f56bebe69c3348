"""The time, as everything here keeps it."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""UTC milliseconds."""


def now() -> int:
    """The machine's clock in UTC milliseconds."""
    return time.time_ns() // 1_000_000
