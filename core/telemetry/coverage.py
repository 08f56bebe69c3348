"""Which stretches of five minutes have a frame, and how complete a day therefore is.

Numbers missing from a sequence tell what was sent and lost; they do not tell of what was never
made, or of a start that nothing ever came from. So each frame marks the stretch of five minutes it
was measured in, by the device's clock (or that of receipt, where the device's cannot be right; a
late frame of such a clock marks none). Marks are bits, so frames may come in any order, and twice.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from attrs import define, field, frozen
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.records import Row, write
from core.telemetry.frames import Arrival
from core.telemetry.latest import time_of
from core.telemetry.tables import coverage, gaps

STRETCH: Final = 300_000
"""Milliseconds."""
PER_DAY: Final = 288
_WORDS: Final = tuple(f"h{hour}" for hour in range(0, 24, 4))
_BITS: Final = PER_DAY // len(_WORDS)
Stretch = int
"""Number of a stretch since 1970."""


@frozen
class Day:
    """A day by the site's clock: stretches that were to have frames, and that lack some or all.

    silent: without any frame; torn: with frames, while some message of that time is missing.
    """

    day: date
    expected: int
    silent: int
    torn: int

    @property
    def percent(self) -> float | None:
        """How complete it is; None for a day before the first frame, or to come."""
        whole = self.expected - self.silent - self.torn
        return 100 * whole / self.expected if self.expected else None


@frozen
class Silence:
    """A time without frames, in UTC milliseconds, exact to a stretch."""

    since: int
    until: int


@define(eq=False)
class Marker:
    """Marks stretches; one that this process marked last for a system is not marked again."""

    _marked: dict[int, Stretch] = field(factory=dict[int, Stretch])
    _shared: dict[Stretch, Stretch] = field(factory=dict[Stretch, Stretch])

    async def note(
        self, connection: AsyncConnection, arrivals: Iterable[Arrival]
    ) -> set[tuple[int, Stretch]]:
        """Mark the stretches of these frames; returns what to `remember` once committed."""
        fresh: set[tuple[int, Stretch]] = set()
        for arrival in arrivals:
            time = time_of(arrival)
            stretch = time // STRETCH
            if self._marked.get(arrival.system_id) != stretch and not (
                arrival.late and time != arrival.device_time
            ):
                fresh.add((arrival.system_id, stretch))
        await write(connection, coverage, _COLUMNS, _rows(fresh), _MARK)
        return fresh

    def remember(self, marked: Iterable[tuple[int, Stretch]]) -> None:
        """Know these; a number that many systems share is kept once."""
        for system_id, stretch in marked:
            if len(self._shared) > PER_DAY:
                self._shared.clear()
            self._marked[system_id] = self._shared.setdefault(stretch, stretch)


async def silences(
    connection: AsyncConnection, system_id: int, since: int, until: int, *, interval: float = 0
) -> list[Silence]:
    """Times without a frame between two moments, UTC milliseconds.

    interval: seconds between frames where they are expected less often than every five minutes.
    """
    first, last = -(-since // STRETCH), until // STRETCH
    marked = await _marked(connection, system_id, first, last)
    found: list[Silence] = []
    for stretch in _silent(marked, first, last, interval):
        if found and found[-1].until == stretch * STRETCH:
            found[-1] = Silence(found[-1].since, (stretch + 1) * STRETCH)
        else:
            found.append(Silence(stretch * STRETCH, (stretch + 1) * STRETCH))
    return found


async def days(
    connection: AsyncConnection,
    system_id: int,
    zone: ZoneInfo,
    span: tuple[date, date],
    *,
    known: tuple[int, int],
    interval: float = 0,
) -> list[Day]:
    """How complete the days of `span` are, both included, as the site's clock counts them.

    known: between which moments frames are expected: the system's first frame, and now.
    """
    edges = [_midnight(zone, span[0] + timedelta(days=n)) for n in range(_length(span) + 1)]
    first, last = (max(edges[0], known[0] // STRETCH), min(edges[-1], known[1] // STRETCH))
    marked = await _marked(connection, system_id, first, last)
    silent = set(_silent(marked, first, last, interval))
    torn = await _torn(connection, system_id, first, last) - silent
    made: list[Day] = []
    for n, (begin, end) in enumerate(pairwise(edges)):
        mine = range(max(begin, first), min(end, last))
        counts = (sum(stretch in group for stretch in mine) for group in (silent, torn))
        made.append(Day(span[0] + timedelta(days=n), len(mine), *counts))
    return made


def _rows(fresh: Iterable[tuple[int, Stretch]]) -> list[Row]:
    """One row for each system and day, with the bits to be set."""
    words: dict[tuple[int, int], list[int]] = {}
    for system_id, stretch in fresh:
        day, place = divmod(stretch, PER_DAY)
        row = words.setdefault((system_id, day), [0] * len(_WORDS))
        row[place // _BITS] |= 1 << place % _BITS
    return [(*key, *words[key]) for key in sorted(words)]


async def _marked(
    connection: AsyncConnection, system_id: int, first: Stretch, last: Stretch
) -> set[Stretch]:
    query = select(coverage.c.day, *(coverage.c[name] for name in _WORDS)).where(
        coverage.c.system_id == system_id,
        coverage.c.day.between(first // PER_DAY - 1, last // PER_DAY),
    )
    return {
        day * PER_DAY + n * _BITS + bit
        for day, *words in await connection.execute(query)
        for n, word in enumerate(words)
        for bit in range(_BITS)
        if word >> bit & 1
    }


def _silent(marked: set[Stretch], first: Stretch, last: Stretch, interval: float) -> list[Stretch]:
    """Stretches that have no frame, nor has any as far before as the interval reaches."""
    reach = max(1, -(-int(interval * 1000) // STRETCH))
    return [s for s in range(first, last) if not any(s - n in marked for n in range(reach))]


async def _torn(
    connection: AsyncConnection, system_id: int, first: Stretch, last: Stretch
) -> set[Stretch]:
    """Stretches in which messages are missing: from the one before them to the one behind."""
    query = select(gaps.c.after_time, gaps.c.before_time).where(
        gaps.c.system_id == system_id, gaps.c.closed_at.is_(None)
    )
    found: set[Stretch] = set()
    for after, before in await connection.execute(query):
        begin = before if after is None else after
        found.update(range(max(first, begin // STRETCH), min(last, before // STRETCH + 1)))
    return found


def _length(span: Sequence[date]) -> int:
    return (span[1] - span[0]).days + 1


def _midnight(zone: ZoneInfo, day: date) -> Stretch:
    """The stretch that a day begins with on the site's clock."""
    begin = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    return int(begin.timestamp() * 1000) // STRETCH


_COLUMNS: Final = ("system_id", "day", *_WORDS)
_MARK: Final = "ON CONFLICT (system_id, day) DO UPDATE SET " + ", ".join(
    f"{name} = coverage.{name} | excluded.{name}" for name in _WORDS
)
