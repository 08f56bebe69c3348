"""A system's status: offline, fault, protection or normal, the worst that holds.

What comes from a device makes it heard (`hear`), in the transaction that keeps it; what its open
faults then say of it is judged there too (`judge`). That nothing came is found by the sweep
(`silence`), by one look into an index. Only what a device itself sent counts as life: a birth
message or last will may be the broker's repetition.

Being heard is noted once in a while only (`Sign.silent_after` allows for it), so a system becomes
offline at its time or, at most, a tenth of it or half a minute later.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, cast

from attrs import frozen
from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.tables import STATUSES, Status, status_changes, systems
from core.journal.faults import Closed, Opened
from core.journal.tables import faults
from core.records import Row, arrays, write

NEW_FOR: Final = 7 * 86_400_000
"""Milliseconds after its first frame for which a system counts as new, unless set otherwise."""
LONGEST_STEP: Final = 30_000
CHUNK: Final = 5000
Cause = Literal["silence", "frames", "fault", "fault_closed"]
_BY_SEVERITY: Final[Mapping[str, Status]] = {"critical": "fault", "protection": "protection"}


@frozen
class Sign:
    """A system was heard: what the device's clock said, and in how many ms it counts as silent."""

    system_id: int
    device_time: int
    silent_after: int


@frozen
class Change:
    """A change of a system's status. See the table `status_changes`."""

    system_id: int
    status: Status
    before: Status
    cause: Cause
    slot: str
    code: str
    at: int
    device_time: int | None
    silent_since: int | None


def step_of(offline_after: int) -> int:
    """Milliseconds for which being heard need not be noted again, of seconds until offline."""
    return min(LONGEST_STEP, offline_after * 100)


async def hear(
    connection: AsyncConnection, signs: Mapping[int, Sign], now: int
) -> dict[int, Status]:
    """Note that these systems were heard; returns their statuses, which nobody else changes now."""
    rows: list[Row] = [(id_, now + signs[id_].silent_after) for id_ in sorted(signs)]
    if not rows:
        return {}
    if connection.dialect.name == "postgresql":
        found = await connection.exec_driver_sql(_HEARD_POSTGRESQL, (*arrays(rows), now))
    else:
        found = await connection.exec_driver_sql(_HEARD_SQLITE, (now, now, json.dumps(rows)))
    rows_found: Sequence[Any] = found.all()
    return {id_: cast("Status", status) for id_, status in rows_found}


async def of(connection: AsyncConnection, system_ids: Iterable[int]) -> dict[int, Status]:
    """The statuses of these systems, which nobody else changes before the transaction ends.

    Others may still refer to them: rows of faults and firmware are written by several workers.
    """
    query = select(systems.c.id, systems.c.status).where(systems.c.id.in_(sorted(system_ids)))
    found = await connection.execute(query.order_by(systems.c.id).with_for_update(key_share=True))
    return {id_: cast("Status", status) for id_, status in found}


async def judge(
    connection: AsyncConnection,
    statuses: Mapping[int, Status],
    signs: Mapping[int, Sign],
    changed: Sequence[Opened | Closed],
    *,
    now: int,
    new_until: int,
) -> list[Change]:
    """Let systems that were heard, or whose faults came or went, have the status that they have.

    statuses: what `hear` returned for them. A system that is heard for the first time is new until
    `new_until`.
    """
    last = {each.system_id: each for each in changed if each.system_id in statuses}
    asked = sorted({id_ for id_, status in statuses.items() if status == "offline"} | set(last))
    if not asked:
        return []
    worst = await _worst_faults(connection, asked)
    made: list[Change] = []
    for id_ in asked:
        status, slot, code = worst.get(id_, ("normal", "", ""))
        before = statuses[id_]
        if before == "offline":
            time = signs[id_].device_time
            made.append(Change(id_, status, before, "frames", slot, code, now, time, None))
        elif status != before:
            made.append(_of_fault(last[id_], status, before, (slot, code), now))
    await _apply(connection, made, now)
    fresh = [each.system_id for each in made if each.before == "offline"]
    await _begin_newness(connection, fresh, new_until)
    return made


async def silence(connection: AsyncConnection, now: int, limit: int = CHUNK) -> int:
    """Make systems offline that were not heard in time; returns how many, at most `limit`.

    Several processes may do this at once: each takes others.
    """
    due = (
        select(systems.c.id, systems.c.status, systems.c.last_frame_at)
        .where(systems.c.silent_at <= now)
        .order_by(systems.c.silent_at)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    found = (await connection.execute(due)).all()
    changes = [
        Change(id_, "offline", status, "silence", "", "", now, None, last)
        for id_, status, last in found
    ]
    if changes:
        ids = [each.system_id for each in changes]
        gone: dict[str, Any] = {"status": "offline", "status_since": now, "silent_at": None}
        await connection.execute(update(systems).where(systems.c.id.in_(ids)).values(gone))
        await _tell(connection, changes)
    return len(changes)


async def end_newness(connection: AsyncConnection, now: int, limit: int = CHUNK) -> int:
    """Take the flag from systems that are new no longer; returns from how many."""
    due = (
        select(systems.c.id)
        .where(systems.c.is_new, systems.c.new_until <= now)
        .order_by(systems.c.new_until)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    ids = (await connection.execute(due)).scalars().all()
    if ids:
        await connection.execute(update(systems).where(systems.c.id.in_(ids)).values(is_new=False))
    return len(ids)


def due_queries(now: int) -> tuple[Select[tuple[int]], ...]:
    """What a sweep asks first: one system that fell silent, and one that is new no longer."""
    return (
        select(systems.c.id)
        .where(systems.c.silent_at <= now)
        .order_by(systems.c.silent_at)
        .limit(1),
        select(systems.c.id)
        .where(systems.c.is_new, systems.c.new_until <= now)
        .order_by(systems.c.new_until)
        .limit(1),
    )


async def is_due(connection: AsyncConnection, now: int) -> bool:
    """Whether any system is to become offline, or is new no longer."""
    for query in due_queries(now):
        if (await connection.execute(query)).first() is not None:
            return True
    return False


async def set_upgrading(
    connection: AsyncConnection, system_ids: Collection[int], *, upgrading: bool
) -> None:
    """Say that an upgrade of these systems began, or that none is open any more."""
    await connection.execute(
        update(systems).where(systems.c.id.in_(sorted(system_ids))).values(is_upgrading=upgrading)
    )


async def changes_of(
    connection: AsyncConnection, system_id: int, *, before: int | None = None, limit: int = 50
) -> list[tuple[int, Change]]:
    """Changes of a system's status with their ids, newest first, those below the id `before`."""
    query = select(status_changes).where(status_changes.c.system_id == system_id)
    if before is not None:
        query = query.where(status_changes.c.id < before)
    found = await connection.execute(query.order_by(status_changes.c.id.desc()).limit(limit))
    return [(id_, Change(*rest)) for id_, *rest in found]


def _of_fault(
    last: Opened | Closed, status: Status, before: Status, worst: tuple[str, str], now: int
) -> Change:
    """A change by the fault that is now the worst, or by the one that went."""
    better = STATUSES.index(status) < STATUSES.index(before)
    cause: Cause = "fault_closed" if better else "fault"
    slot, code = (last.slot, last.code) if better else worst
    time = last.opened_at if isinstance(last, Opened) else last.closed_at
    return Change(last.system_id, status, before, cause, slot, code, now, time, None)


async def _worst_faults(
    connection: AsyncConnection, ids: Sequence[int]
) -> dict[int, tuple[Status, str, str]]:
    """Status, slot and code by system, of the newest of the worst faults that are open."""
    query = select(faults.c.system_id, faults.c.severity, faults.c.slot, faults.c.code).where(
        faults.c.system_id.in_(ids),
        faults.c.closed_at.is_(None),
        faults.c.severity.in_(list(_BY_SEVERITY)),
    )
    worst: dict[int, tuple[Status, str, str]] = {}
    for id_, severity, slot, code in await connection.execute(query.order_by(faults.c.id)):
        status = _BY_SEVERITY[severity]
        if id_ not in worst or STATUSES.index(status) >= STATUSES.index(worst[id_][0]):
            worst[id_] = status, slot, code
    return worst


async def _apply(connection: AsyncConnection, changes: Iterable[Change], now: int) -> None:
    rows = [{"system": each.system_id, "is_now": each.status} for each in changes]
    if rows:
        await connection.execute(
            update(systems)
            .where(systems.c.id == bindparam("system"))
            .values(status=bindparam("is_now"), status_since=now),
            rows,
        )
        await _tell(connection, changes)


async def _begin_newness(connection: AsyncConnection, ids: Sequence[int], until: int) -> None:
    if ids:
        await connection.execute(
            update(systems)
            .where(systems.c.id.in_(ids), systems.c.new_until.is_(None))
            .values(is_new=True, new_until=until)
        )


async def _tell(connection: AsyncConnection, changes: Iterable[Change]) -> None:
    rows: list[Row] = [tuple(getattr(each, name) for name in _CHANGE) for each in changes]
    await write(connection, status_changes, _CHANGE, rows, "")


_CHANGE: Final = (
    "system_id",
    "status",
    "before",
    "cause",
    "slot",
    "code",
    "at",
    "device_time",
    "silent_since",
)
_HEARD_POSTGRESQL: Final = (
    "UPDATE systems SET first_frame_at = coalesce(systems.first_frame_at, $3), "
    "last_frame_at = greatest(systems.last_frame_at, $3), "
    "silent_at = greatest(systems.silent_at, heard.silent_at) FROM ("
    "SELECT systems.id, wanted.silent_at "
    "FROM unnest($1::bigint[], $2::bigint[]) AS wanted (id, silent_at) "
    "JOIN systems USING (id) ORDER BY id FOR UPDATE OF systems) AS heard "
    "WHERE systems.id = heard.id RETURNING systems.id, systems.status"
)
_HEARD_SQLITE: Final = (
    "UPDATE systems SET first_frame_at = coalesce(first_frame_at, ?), "
    "last_frame_at = max(coalesce(last_frame_at, 0), ?), "
    "silent_at = max(coalesce(silent_at, 0), wanted.value ->> 1) "
    "FROM json_each(?) AS wanted WHERE systems.id = wanted.value ->> 0 "
    "RETURNING systems.id, systems.status"
)
