"""Asking devices for what is missing: what was requested, answered, came back, or was given up.

A request names numbers of one start of a device. The device sends again what it still has, with
the same headers, and then says that it is done. What has come back is told by the gaps, not by the
device: a request is `complete` when nothing of it is missing, `partial` when the device has said
that this is all, `given_up` when it refused or its time ran out. Devices need not answer.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
from attrs import evolve, fields, frozen
from sqlalchemy import ColumnElement, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM, Access
from core.fleet import systems
from core.fleet.tables import systems as systems_table
from core.records import RequestError, printable, ulid
from core.telemetry.gaps import GapRecord, of_system
from core.telemetry.sequences import Range
from core.telemetry.tables import backfill_requests, gaps
from core.thing_model.messages import Acknowledgement
from core.thing_model.problems import Problem

State = Literal["requested", "sent", "answered", "complete", "partial", "given_up"]
RANGES: Final = 100
MESSAGES: Final = 10_000
PATIENCE: Final = 600_000
"""Milliseconds after which a request is given up."""
SETTLING: Final = 30_000
"""Milliseconds that what a device sent may be behind its word that it sent it."""
SOONEST: Final = 60_000
"""Milliseconds after which a gap is asked for by itself: what overtakes has come by then."""
PAUSE: Final = 900_000
"""Milliseconds from one request to a system to the next that is made by itself."""
TRIES: Final = 3
BATCH: Final = 100


@frozen
class RequestRecord:
    """Messages of one start that a device was asked for. See the table `backfill_requests`."""

    id: str
    system_id: int
    boot_id: int
    ranges: Sequence[Range]
    asked: int
    returned: int
    state: State
    reason: str
    created_by: str
    created_at: int
    expires_at: int
    sent_at: int | None
    answered_at: int | None
    finished_at: int | None


async def request(
    connection: AsyncConnection, access: Access, sn: str, now: int
) -> list[RequestRecord]:
    """Ask a system for all that is missing of it: one request for each start, the newest first.

    Needs `gaps:request`; raises AccessError and RequestError.
    """
    access.require("gaps:request")
    record = await systems.by_sn(connection, sn)
    own = access.company_id is None or (record and record.company_id == access.company_id)
    if record is None or not own:
        raise RequestError(Problem("sn", f"{sn!r} is not registered", "register it first"))
    if await _unfinished(connection, backfill_requests.c.system_id == record.id):
        what = f"{sn} has not answered yet"
        raise RequestError(Problem("sn", what, "wait for the open request to finish"))
    missing = await of_system(connection, record.id, is_open=True, limit=RANGES)
    if not missing:
        raise RequestError(Problem("sn", f"nothing is missing of {sn}", "nothing is to be done"))
    return await _ask(connection, record.id, missing, access.name, now)


async def page(
    connection: AsyncConnection, system_id: int, *, before: str | None = None, limit: int = 50
) -> list[RequestRecord]:
    """Requests to a system, newest first, with what has come back so far."""
    query = select(backfill_requests).where(backfill_requests.c.system_id == system_id)
    if before is not None:
        query = query.where(backfill_requests.c.id < before)
    found = await connection.execute(query.order_by(backfill_requests.c.id.desc()).limit(limit))
    records = [_record(row) for row in found]
    return [await _with_progress(connection, each) for each in records]


async def is_pending(connection: AsyncConnection, now: int) -> bool:
    """Whether any request is unfinished, or any gap is to be asked for."""
    if await _unfinished(connection):
        return True
    query = select(gaps.c.id).where(*_due(now)).limit(1)
    return (await connection.execute(query)).first() is not None


async def ask_due(connection: AsyncConnection, now: int) -> int:
    """Ask for gaps that did not close by themselves, of systems that are there; how many were."""
    lately = backfill_requests.c.created_at > now - PAUSE
    busy = exists().where(
        backfill_requests.c.system_id == gaps.c.system_id,
        or_(backfill_requests.c.finished_at.is_(None), lately),
    )
    query = (
        select(gaps.c.system_id)
        .join(systems_table, systems_table.c.id == gaps.c.system_id)
        .where(*_due(now), systems_table.c.status != "offline", ~busy)
        .distinct()
        .limit(BATCH)
    )
    ids = (await connection.execute(query)).scalars().all()
    for id_ in ids:
        missing = await of_system(connection, id_, is_open=True, limit=RANGES)
        wanted = [gap for gap in missing if gap.asked < TRIES]
        await _ask(connection, id_, wanted, PLATFORM.name, now)
    return len(ids)


async def to_send(connection: AsyncConnection) -> list[tuple[str, RequestRecord]]:
    """Serial numbers and requests that are not sent yet, oldest first."""
    query = (
        select(systems_table.c.sn, *backfill_requests.c)
        .join(systems_table, systems_table.c.id == backfill_requests.c.system_id)
        .where(backfill_requests.c.state == "requested")
        .order_by(backfill_requests.c.id)
        .limit(BATCH)
    )
    return [(sn, _record(row)) for sn, *row in await connection.execute(query)]


async def mark_sent(connection: AsyncConnection, ids: Iterable[str], now: int) -> None:
    """Note that the broker has them; one that was answered meanwhile stays so."""
    await connection.execute(
        update(backfill_requests)
        .where(backfill_requests.c.id.in_(list(ids)), backfill_requests.c.state == "requested")
        .values(state="sent", sent_at=now)
    )


async def answer(
    connection: AsyncConnection, system_id: int, said: Acknowledgement, now: int
) -> bool:
    """Take in what a device says of a request; False if it was never asked that."""
    query = select(backfill_requests).where(
        backfill_requests.c.id == said.id, backfill_requests.c.system_id == system_id
    )
    row = (await connection.execute(query.with_for_update())).first()
    if row is None:
        return False
    record, reason = _record(row), printable(said.detail)
    if record.finished_at is None and said.status not in ("accepted", "running"):
        if said.status == "succeeded":
            await _move(connection, record, "answered", reason, now)
        else:
            await _move(connection, record, "given_up", f"{said.status}: {reason}", now)
    return True


async def finish(connection: AsyncConnection, now: int) -> list[RequestRecord]:
    """End the requests of which nothing is missing, or no more will come; returns them."""
    query = select(backfill_requests).where(
        backfill_requests.c.finished_at.is_(None), backfill_requests.c.state != "requested"
    )
    made: list[RequestRecord] = []
    for row in await connection.execute(query.order_by(backfill_requests.c.id)):
        record = await _with_progress(connection, _record(row))
        settled = record.answered_at is not None and now - record.answered_at >= SETTLING
        if record.returned == record.asked:
            made.append(await _move(connection, record, "complete", record.reason, now))
        elif settled:
            made.append(await _move(connection, record, "partial", record.reason, now))
        elif record.expires_at <= now:
            made.append(await _move(connection, record, "given_up", "no answer came", now))
    return made


async def _ask(
    connection: AsyncConnection, system_id: int, missing: Sequence[GapRecord], by: str, now: int
) -> list[RequestRecord]:
    made: list[RequestRecord] = []
    for boot_id in dict.fromkeys(gap.boot_id for gap in missing):
        ranges = list(_first(r for gap in missing if gap.boot_id == boot_id for r in gap.ranges))
        asked = sum(last - first + 1 for first, last in ranges)
        made.append(
            RequestRecord(
                id=ulid(now),
                system_id=system_id,
                boot_id=boot_id,
                ranges=ranges,
                asked=asked,
                returned=0,
                state="requested",
                reason="",
                created_by=by,
                created_at=now,
                expires_at=now + PATIENCE,
                sent_at=None,
                answered_at=None,
                finished_at=None,
            )
        )
    if made:
        rows = [{name: getattr(each, name) for name in _COLUMNS} for each in made]
        await connection.execute(insert(backfill_requests), rows)
        ids = [gap.id for gap in missing]
        await connection.execute(
            update(gaps).where(gaps.c.id.in_(ids)).values(asked=gaps.c.asked + 1)
        )
    return made


def _first(ranges: Iterable[Range]) -> Iterator[Range]:
    """As many as one request may name."""
    left = MESSAGES
    for number, (first, last) in enumerate(ranges):
        if number == RANGES or not left:
            return
        end = min(last, first + left - 1)
        left -= end - first + 1
        yield first, end


async def _with_progress(connection: AsyncConnection, record: RequestRecord) -> RequestRecord:
    """The request with what has come back by now, if it is not finished."""
    if record.finished_at is not None:
        return record
    mine = gaps.c.system_id == record.system_id, gaps.c.boot_id == record.boot_id
    query = select(gaps.c.ranges).where(*mine, gaps.c.closed_at.is_(None))
    still = [
        each
        for text in (await connection.execute(query)).scalars()
        for each in msgspec.json.decode(text, type=list[tuple[int, int]])
    ]
    missing = sum(
        max(0, min(last, b) - max(first, a) + 1) for first, last in record.ranges for a, b in still
    )
    return evolve(record, returned=record.asked - missing)


async def _move(
    connection: AsyncConnection, record: RequestRecord, state: State, reason: str, now: int
) -> RequestRecord:
    record = await _with_progress(connection, record)
    over = None if state == "answered" else now
    answered = now if state == "answered" else record.answered_at
    moved = evolve(record, state=state, reason=reason, answered_at=answered, finished_at=over)
    changes = {n: getattr(moved, n) for n in _COLUMNS if n not in ("id", "system_id", "ranges")}
    await connection.execute(
        update(backfill_requests).where(backfill_requests.c.id == record.id).values(changes)
    )
    return moved


async def _unfinished(connection: AsyncConnection, *which: ColumnElement[bool]) -> bool:
    query = select(backfill_requests.c.id).where(backfill_requests.c.finished_at.is_(None), *which)
    return (await connection.execute(query.limit(1))).first() is not None


def _due(now: int) -> tuple[ColumnElement[bool], ...]:
    return gaps.c.closed_at.is_(None), gaps.c.asked < TRIES, gaps.c.noticed_at <= now - SOONEST


def _record(row: Any) -> RequestRecord:
    id_, system_id, boot_id, ranges, *rest = row
    return RequestRecord(id_, system_id, boot_id, [(a, b) for a, b in ranges], *rest)


_COLUMNS: Final = tuple(attribute.name for attribute in fields(RequestRecord))
