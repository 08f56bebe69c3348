"""The days of `frames` on PostgreSQL: partitions by device time, made ahead.

What no partition is there for goes into the default one, so that no frame is refused: frames of
absurd clocks, of days long gone, and those of a time when nobody made partitions. `prepare` makes
those of the days to come, and moves what the default one holds of days that are to have one. SQLite
keeps one table.
"""

import re
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

DAY: Final = 86_400_000
AHEAD: Final = 7
DEFAULT: Final = "frames_default"
LOCK_TIMEOUT: Final = "2s"
_NAME: Final = re.compile(r"frames_(\d{8})")


def day_of(device_time: int) -> int:
    return device_time - device_time % DAY


def name_of(day: int) -> str:
    """The partition of the day that begins at `day` (UTC milliseconds)."""
    return f"frames_{datetime.fromtimestamp(day / 1000, UTC):%Y%m%d}"


async def days(connection: AsyncConnection) -> list[int]:
    """The days that have a partition, in order; none on SQLite."""
    if connection.dialect.name != "postgresql":
        return []
    names = await connection.scalars(_PARTITIONS)
    found = [match for name in names if (match := _NAME.fullmatch(name))]
    return sorted(
        int(datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC).timestamp() * 1000)
        for match in found
    )


async def missing(connection: AsyncConnection, now: int, hot_days: int) -> list[int]:
    """Days that are to have a partition and have none.

    These are yesterday, today and AHEAD more, and those of the last `hot_days` of which the default
    partition holds frames.
    """
    if connection.dialect.name != "postgresql":
        return []
    today = day_of(now)
    wanted = {today + n * DAY for n in range(-1, AHEAD + 1)}
    stray = await connection.scalars(
        _STRAY, {"day": DAY, "since": today - hot_days * DAY, "until": today + AHEAD * DAY}
    )
    return sorted((wanted | set(stray)) - set(await days(connection)))


async def make(connection: AsyncConnection, day: int) -> None:
    """Make the partition of a day, with what the default one holds of it.

    Fails rather than letting ingest wait long for the locks; then it is to be tried again.
    """
    name, bounds = name_of(day), {"start": day, "end": day + DAY}
    await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    await connection.execute(text(f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE"))
    await connection.execute(text(f"CREATE TABLE {name} (LIKE frames INCLUDING ALL)"))
    await connection.execute(text(_MOVE.format(name=name)), bounds)
    await connection.execute(
        text(f"ALTER TABLE frames ATTACH PARTITION {name} FOR VALUES FROM ({day}) TO ({day + DAY})")
    )


async def drop_if_empty(connection: AsyncConnection, day: int) -> bool:
    """Drop the partition of a day that is compacted; False where it still holds frames."""
    name = name_of(day)
    await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    await connection.execute(text(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"))
    if await connection.scalar(text(f"SELECT EXISTS (SELECT FROM {name})")):  # noqa: S608  our own name
        return False
    await drop(connection, day)
    return True


async def drop(connection: AsyncConnection, day: int) -> None:
    """Drop the partition of a day with all that it holds."""
    await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    await connection.execute(text(f"DROP TABLE {name_of(day)}"))


_PARTITIONS: Final = text(
    "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
    "WHERE inhparent = 'frames'::regclass"
)
_STRAY: Final = text(
    f"SELECT DISTINCT device_time - device_time % :day FROM {DEFAULT} "  # noqa: S608  our own name
    "WHERE device_time >= :since AND device_time < :until"
)
_MOVE: Final = (
    f"WITH moved AS (DELETE FROM {DEFAULT} "  # noqa: S608  our own names
    "WHERE device_time >= :start AND device_time < :end RETURNING *) "
    "INSERT INTO {name} SELECT * FROM moved"
)
