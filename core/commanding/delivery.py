"""What happens to commands by themselves: they are sent, run out of time, and prove applied."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.commanding import leases
from core.commanding.commands import move, move_unsent
from core.commanding.records import CommandRecord, record_of
from core.commanding.states import UNDER_WAY, UNSENT, State
from core.commanding.tables import actuation_leases, commands
from core.commanding.targets import AWAY
from core.fleet.tables import systems
from core.telemetry.readings import Reading, latest_of
from core.thing_model.layout.fields import Value

BATCH: Final = 100
LATEST_PROOF: Final = 86_400_000
"""Milliseconds after its time-out for which readings may still prove a command applied."""
UNKNOWN: Final = (
    "the sender was interrupted before the broker confirmed it: whether the device got it is not "
    "known, and it may be carried out only once, so it is not sent again; look at the device"
)
GONE: Final = "the device is offline, and this command is not kept for later: give it again"
WAITING: Final = "the device is offline: waits until it is back"


@frozen
class Delivery:
    """A command to put on the wire, and the system that it is for."""

    record: CommandRecord
    sn: str


async def is_pending(connection: AsyncConnection, now: int) -> bool:
    """Whether any command is due, on its way, or over; there is nothing else to do."""
    answered_late = and_(
        commands.c.state == State.TIMED_OUT,
        commands.c.acked_at.is_not(None),
        commands.c.changed_at > now - LATEST_PROOF,
    )
    query = select(commands.c.id).where(
        commands.c.finished_at.is_(None),
        or_(
            commands.c.state.in_(UNDER_WAY),
            and_(commands.c.state == State.QUEUED, commands.c.not_before <= now),
            and_(commands.c.state.in_(UNSENT), commands.c.expires_at <= now),
            answered_late,
        ),
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def claim(connection: AsyncConnection, now: int) -> list[Delivery]:
    """Make due commands SENT and return them, oldest first; publish them after the commit.

    Each takes its system's lease. Those that have to wait, for it or for a device that is away,
    stay QUEUED and say why; those that are not to wait for their device are withdrawn.
    """
    away = exists().where(systems.c.id == commands.c.system_id, AWAY)
    refused = and_(_due(commands, now), commands.c.offline == "refuse", away)
    await move_unsent(connection, refused, State.CANCELLED, now=now, reason=GONE)
    taken = exists().where(
        actuation_leases.c.system_id == commands.c.system_id, actuation_leases.c.until > now
    )
    other = commands.alias()
    same = other.c.system_id == commands.c.system_id
    earlier = exists().where(same, _due(other, now), other.c.id < commands.c.id)
    query = _with_sn(_due(commands, now), ~AWAY, ~taken, ~earlier).limit(BATCH)
    found = (await connection.execute(query)).all()
    due: list[Delivery] = []
    for row in found:
        record = record_of(row)
        if await leases.take(connection, record.lease(now)):
            due.append(Delivery(await move(connection, record, State.SENT, now=now), row.sn))
    await _say_why(connection, now)
    return due


async def unconfirmed(connection: AsyncConnection, now: int) -> list[Delivery]:
    """Commands whose sending was interrupted before the broker confirmed them, to send again.

    Those that may be carried out but once are TIMED_OUT instead: what came of them is not known.
    """
    interrupted = (commands.c.state == State.SENT, commands.c.published_at.is_(None))
    query = _with_sn(*interrupted, commands.c.expires_at > now)
    again: list[Delivery] = []
    for row in (await connection.execute(query)).all():
        record = record_of(row)
        if record.delivery == "at_most_once":
            await move(connection, record, State.TIMED_OUT, now=now, reason=UNKNOWN)
        elif await leases.take(connection, record.lease(now)):
            again.append(Delivery(record, row.sn))
    return again


async def confirm(connection: AsyncConnection, deliveries: Sequence[Delivery], now: int) -> None:
    """Note that the broker has taken these commands."""
    ids = [each.record.id for each in deliveries]
    done = update(commands).where(commands.c.id.in_(ids)).values(published_at=now)
    await connection.execute(done)


async def expire(connection: AsyncConnection, now: int) -> list[CommandRecord]:
    """End the commands that waited too long to be sent, and time out those left unanswered.

    A device has its time from when the broker took the command, or from what it said last.
    """
    sent, changed = commands.c.state == State.SENT, commands.c.changed_at
    silent = or_(
        and_(sent, commands.c.published_at + commands.c.timeout <= now),
        and_(sent, commands.c.published_at.is_(None), commands.c.expires_at <= now),
        and_(commands.c.state.in_(UNDER_WAY), ~sent, changed + commands.c.timeout <= now),
    )
    waited = and_(commands.c.state.in_(UNSENT), commands.c.expires_at <= now)
    query = select(commands).where(commands.c.finished_at.is_(None), or_(waited, silent))
    query = query.order_by(commands.c.id).limit(BATCH).with_for_update(skip_locked=True)
    ended: list[CommandRecord] = []
    for row in (await connection.execute(query)).all():
        record = record_of(row)
        state = State.EXPIRED if record.state in UNSENT else State.TIMED_OUT
        reason = _silence(record)
        ended.append(await move(connection, record, state, now=now, reason=reason))
    return ended


async def prove(connection: AsyncConnection, now: int) -> list[CommandRecord]:
    """Make commands SUCCEEDED whose values the readings show since the device answered.

    What came in one batch came at one moment, so a reading beside the answer counts as well.
    """
    query = select(commands).where(
        commands.c.state.in_((State.ACKED, State.RUNNING, State.TIMED_OUT)),
        commands.c.finished_at.is_(None),
        commands.c.acked_at.is_not(None),
        commands.c.changed_at > now - LATEST_PROOF,
    )
    proven: list[CommandRecord] = []
    for row in (await connection.execute(query.with_for_update(skip_locked=True))).all():
        record = record_of(row)
        if record.expected and await _shown(connection, record):
            reason = "the readings show it: " + _listed(record.expected)
            proven.append(await move(connection, record, State.SUCCEEDED, now=now, reason=reason))
    return proven


async def _shown(connection: AsyncConnection, record: CommandRecord) -> bool:
    readings = await latest_of(connection, record.system_id)
    return all(
        (reading := readings.get((record.slot, key))) is not None
        and _proves(reading, value, record.acked_at or 0)
        for key, value in record.expected.items()
    )


def _proves(reading: Reading, value: Value, since: int) -> bool:
    if reading.receive_time < since:
        return False
    if isinstance(value, int | float) and isinstance(reading.value, int | float):
        return math.isclose(reading.value, value, rel_tol=1e-6, abs_tol=1e-6)
    return reading.value == value


def _due(table: Any, now: int) -> ColumnElement[bool]:
    """Of `commands` or an alias of it: what may be sent now."""
    columns = table.c
    in_time = and_(columns.not_before <= now, columns.expires_at > now)
    return and_(columns.state == State.QUEUED, columns.finished_at.is_(None), in_time)


def _with_sn(*which: ColumnElement[bool]) -> Select[Any]:
    """Those commands, oldest first; one that somebody changes at this moment is left for later."""
    query = select(*commands.c, systems.c.sn).join(systems).where(*which)
    return query.order_by(commands.c.id).with_for_update(of=commands, skip_locked=True)


async def _say_why(connection: AsyncConnection, now: int) -> None:
    """Let the commands that are due and wait say what they wait for, where they do not yet."""
    mine = systems.c.id == commands.c.system_id
    away = select(literal(WAITING)).select_from(systems).where(mine, AWAY)
    lease = actuation_leases.c
    said = literal("waits for ") + lease.owner + " (" + lease.purpose + ")"
    busy = select(said).where(lease.system_id == commands.c.system_id, lease.until > now)
    why = func.coalesce(away.scalar_subquery(), busy.scalar_subquery())
    news = and_(why.is_not(None), commands.c.reason != why)
    await connection.execute(update(commands).where(_due(commands, now), news).values(reason=why))


def _silence(record: CommandRecord) -> str:
    if record.state is State.PENDING_APPROVAL:
        return "nobody approved it in time"
    if record.state is State.QUEUED:
        return f"could not be sent before it expired{record.reason and ': '}{record.reason}"
    if record.state is State.SENT and record.published_at is None:
        return "the broker did not confirm it in time: whether the device got it is not known"
    if record.state is State.SENT:
        return f"no answer within {record.timeout / 1000:g} s"
    waiting = (
        f"the readings do not show {_listed(record.expected)}" if record.expected else "no result"
    )
    return f"{record.reason or record.state}; {waiting} within {record.timeout / 1000:g} s"


def _listed(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in values.items())
