"""What runs in the background: how far it is, how fast, and what stopped it."""

from typing import Final

from attrs import frozen
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.records import printable
from core.upkeep.tables import background_jobs

LONGEST_ERROR: Final = 1000


@frozen
class BackgroundJob:
    """The newest run of a job: `done` of `total` things, `rate` of them a second.

    Times are UTC milliseconds; `error` is empty unless the run was stopped by one.
    """

    name: str
    started_at: int
    changed_at: int
    finished_at: int | None
    done: int
    total: int | None
    rate: float
    error: str


async def begin(connection: AsyncConnection, name: str, total: int | None, now: int) -> None:
    """A new run of the job."""
    await connection.execute(_BEGIN, {"name": name, "total": total, "now": now})


async def advance(connection: AsyncConnection, name: str, count: int, now: int) -> None:
    """`count` more are done."""
    await connection.execute(_ADVANCE, {"name": name, "count": count, "now": now})


async def finish(connection: AsyncConnection, name: str, now: int) -> None:
    """The run is over, and did all it was to do."""
    over = update(background_jobs).where(background_jobs.c.name == name)
    await connection.execute(over.values(changed_at=now, finished_at=now))


async def fail(connection: AsyncConnection, name: str, error: str, now: int) -> None:
    """The run was stopped by an error; the next one goes on from there."""
    said = {"name": name, "error": printable(error[:LONGEST_ERROR]), "now": now}
    await connection.execute(_FAIL, said)


async def known(connection: AsyncConnection) -> dict[str, BackgroundJob]:
    """All jobs that ever ran, by name."""
    found = await connection.execute(select(background_jobs).order_by(background_jobs.c.name))
    return {row.name: BackgroundJob(*row) for row in found}


_BEGIN: Final = text(
    "INSERT INTO background_jobs (name, started_at, changed_at, done, total, rate, error) "
    "VALUES (:name, :now, :now, 0, :total, 0, '') ON CONFLICT (name) DO UPDATE SET "
    "started_at = excluded.started_at, changed_at = excluded.changed_at, finished_at = NULL, "
    "done = 0, total = excluded.total, rate = 0, error = ''"
)
_ADVANCE: Final = text(
    "UPDATE background_jobs SET done = done + :count, changed_at = :now, error = '', "
    "rate = (done + :count) * 1000.0 / CASE WHEN :now > started_at THEN :now - started_at "
    "ELSE 1 END WHERE name = :name"
)
_FAIL: Final = text(
    "INSERT INTO background_jobs (name, started_at, changed_at, done, rate, error) "
    "VALUES (:name, :now, :now, 0, 0, :error) ON CONFLICT (name) DO UPDATE SET "
    "changed_at = excluded.changed_at, error = excluded.error"
)
