"""Jobs: asked for by somebody, taken by a worker, done in pieces, taken up again after a crash."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from attrs import asdict, field, frozen
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.jobs.tables import jobs
from core.records import RequestError, ulid
from core.thing_model.problems import Problem

State = Literal["queued", "running", "done", "failed", "cancelled", "expired"]
Kind = Literal["export", "action", "data"]
STALE: Final = 60_000
"""Milliseconds without a sign of life after which a running job is taken up by another worker."""
KEPT: Final = 7 * 86_400_000
"""Milliseconds for which the file of a job is kept."""
MOST: Final = 10
"""Jobs of one user that may wait or run at once."""


@frozen
class Task:
    """What a job is to do with the rows of a list: all that fit `query`, an address's parameters.

    `columns` of an export; `action`, its `values` and the `reason` of an action. For data that is
    taken out, `query` is the request (`core.exports.requests`).
    """

    query: str
    columns: tuple[str, ...] = ()
    action: str = ""
    values: Mapping[str, list[str]] = field(factory=dict[str, list[str]])
    reason: str = ""


@frozen
class Job:
    """A job as it stands."""

    id: str
    kind: Kind
    resource: str
    title: str
    access: Access
    address: str
    task: Task
    state: State
    total: int
    done: int
    refused: int
    cursor: str
    size: int
    reason: str
    created_at: int
    expires_at: int | None


async def ask(  # noqa: PLR0917  who asks for what, when and from where
    connection: AsyncConnection,
    access: Access,
    given: tuple[Kind, str, str, Task],
    total: int,
    now: int,
    address: str = "",
) -> str:
    """Queue a job of a kind for a resource, with its title and task; returns its id."""
    kind, resource, title, task = given
    access.require("exports:create")
    waiting = select(jobs.c.id).where(
        jobs.c.user_id == access.user_id, jobs.c.state.in_(("queued", "running"))
    )
    if len((await connection.execute(waiting)).all()) >= MOST:
        problem = Problem("jobs", f"{MOST} of your jobs wait already", "let some of them finish")
        raise RequestError(problem)
    row = {
        "id": ulid(now),
        "kind": kind,
        "resource": resource,
        "title": title[:128],
        "user_id": access.user_id,
        "access": msgspec.json.encode({**asdict(access), "grants": sorted(access.grants)}).decode(),
        "address": address[:64],
        "task": msgspec.json.encode(asdict(task)).decode(),
        "state": "queued",
        "total": total,
        "done": 0,
        "refused": 0,
        "cursor": "",
        "size": 0,
        "reason": "",
        "created_at": now,
        "changed_at": now,
    }
    await connection.execute(insert(jobs).values(row))
    return str(row["id"])


async def claim(connection: AsyncConnection, now: int) -> Job | None:
    """Take the oldest job that waits, or that a worker left; None where there is none."""
    left = (jobs.c.state == "running") & (jobs.c.changed_at < now - STALE)
    query = (
        select(jobs.c.id)
        .where(or_(jobs.c.state == "queued", left))
        .order_by(jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = (await connection.execute(query)).scalar_one_or_none()
    if found is None:
        return None
    taken = update(jobs).where(jobs.c.id == found).values(state="running", changed_at=now)
    return _job((await connection.execute(taken.returning(jobs))).one())


async def advance(
    connection: AsyncConnection,
    job_id: str,
    now: int,
    *,
    done: int,
    refused: int = 0,
    cursor: str = "",
    size: int = 0,
) -> bool:
    """Note how far a running job got; False where somebody cancelled it meanwhile."""
    values = {"done": done, "refused": refused, "cursor": cursor, "size": size, "changed_at": now}
    running = (jobs.c.id == job_id, jobs.c.state == "running")
    return bool((await connection.execute(update(jobs).where(*running).values(values))).rowcount)


async def finish(
    connection: AsyncConnection, job_id: str, state: State, now: int, reason: str = ""
) -> None:
    """End a running job."""
    values = {
        "state": state,
        "reason": reason[:2000],
        "changed_at": now,
        "finished_at": now,
        "expires_at": now + KEPT,
    }
    running = (jobs.c.id == job_id, jobs.c.state == "running")
    await connection.execute(update(jobs).where(*running).values(values))


async def cancel(connection: AsyncConnection, job_id: str, now: int) -> bool:
    """Cancel a job that is not over; what it did stays done."""
    values = {"state": "cancelled", "changed_at": now, "finished_at": now, "expires_at": now}
    open_ = (jobs.c.id == job_id, jobs.c.state.in_(("queued", "running")))
    return bool((await connection.execute(update(jobs).where(*open_).values(values))).rowcount)


async def by_id(connection: AsyncConnection, job_id: str) -> Job | None:
    row = (await connection.execute(select(jobs).where(jobs.c.id == job_id))).one_or_none()
    return None if row is None else _job(row)


async def expired(connection: AsyncConnection, now: int) -> list[Job]:
    """Jobs whose files need not be kept any longer; they say so from then on."""
    over = (jobs.c.expires_at <= now, jobs.c.state.in_(("done", "failed", "cancelled")))
    taken = update(jobs).where(*over).values(state="expired", expires_at=None)
    return [_job(row) for row in await connection.execute(taken.returning(jobs))]


async def forget(connection: AsyncConnection, before: int) -> None:
    """Forget jobs that expired and were asked for before a time."""
    old = (jobs.c.state == "expired", jobs.c.created_at < before)
    await connection.execute(delete(jobs).where(*old))


def _job(row: Any) -> Job:
    return Job(
        row.id,
        row.kind,
        row.resource,
        row.title,
        access_from(row.access),
        row.address,
        Task(**msgspec.json.decode(row.task)),
        row.state,
        row.total,
        row.done,
        row.refused,
        row.cursor,
        row.size,
        row.reason,
        row.created_at,
        row.expires_at,
    )


def access_from(text: str) -> Access:
    """Who asked for a job, and what they might do then."""
    kept: dict[str, Any] = msgspec.json.decode(text)
    grants: frozenset[str] = frozenset(kept.pop("grants"))
    return Access(**kept, grants=grants)
