"""What happens to commands by themselves: they are sent, run out of time, and prove applied."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen
from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.commanding.commands import CommandRecord, move, record_of
from core.commanding.states import UNDER_WAY, State
from core.commanding.tables import commands
from core.fleet.tables import systems
from core.telemetry.readings import Reading, latest_of
from core.thing_model.layout.fields import Value

BATCH: Final = 100
LATEST_PROOF: Final = 86_400_000
"""Milliseconds after its time-out for which readings may still prove a command applied."""


@frozen
class Delivery:
    """A command to put on the wire, and the system that it is for."""

    record: CommandRecord
    sn: str


async def is_pending(connection: AsyncConnection, now: int) -> bool:
    """Whether any command is on its way; there is nothing else to do while none is."""
    given_up = and_(
        commands.c.state == State.TIMED_OUT, commands.c.changed_at <= now - LATEST_PROOF
    )
    query = select(commands.c.id).where(commands.c.finished_at.is_(None), ~given_up).limit(1)
    return (await connection.execute(query)).first() is not None


async def claim(connection: AsyncConnection, now: int) -> list[Delivery]:
    """Make due commands SENT and return them, oldest first; publish them after the commit.

    One per component at a time: the next one waits until the one before it is answered.
    """
    other = commands.alias()
    same = and_(other.c.system_id == commands.c.system_id, other.c.slot == commands.c.slot)
    earlier = and_(other.c.state == State.QUEUED, other.c.id < commands.c.id)
    busy = exists().where(same, or_(other.c.state.in_(UNDER_WAY), earlier))
    query = (
        select(*commands.c, systems.c.sn)
        .join(systems)
        .where(commands.c.state == State.QUEUED, commands.c.expires_at > now, ~busy)
        .order_by(commands.c.id)
        .limit(BATCH)
    )
    found = (await connection.execute(query)).all()
    due = [Delivery(record_of(row), row.sn) for row in found]
    return [
        Delivery(await move(connection, each.record, State.SENT, now=now), each.sn) for each in due
    ]


async def unconfirmed(connection: AsyncConnection) -> list[Delivery]:
    """Commands that were SENT by a process which died before the broker confirmed, to send again.

    Those that may be sent but once are not among them: they time out, and the outcome is unknown.
    """
    query = (
        select(*commands.c, systems.c.sn)
        .join(systems)
        .where(
            commands.c.state == State.SENT,
            commands.c.published_at.is_(None),
            commands.c.delivery == "idempotent",
        )
        .order_by(commands.c.id)
    )
    return [Delivery(record_of(row), row.sn) for row in await connection.execute(query)]


async def confirm(connection: AsyncConnection, deliveries: Sequence[Delivery], now: int) -> None:
    """Note that the broker has taken these commands."""
    ids = [each.record.id for each in deliveries]
    done = update(commands).where(commands.c.id.in_(ids)).values(published_at=now)
    await connection.execute(done)


async def expire(connection: AsyncConnection, now: int) -> list[CommandRecord]:
    """End the commands that waited too long to be sent, and time out those left unanswered."""
    waited = and_(commands.c.state == State.QUEUED, commands.c.expires_at <= now)
    silent = and_(
        commands.c.state.in_(UNDER_WAY), commands.c.changed_at + commands.c.timeout <= now
    )
    query = select(commands).where(or_(waited, silent)).order_by(commands.c.id).limit(BATCH)
    ended: list[CommandRecord] = []
    for row in (await connection.execute(query.with_for_update(skip_locked=True))).all():
        record = record_of(row)
        state = State.EXPIRED if record.state is State.QUEUED else State.TIMED_OUT
        reason = _silence(record)
        ended.append(await move(connection, record, state, now=now, reason=reason))
    return ended


async def prove(connection: AsyncConnection, now: int) -> list[CommandRecord]:
    """Make commands SUCCEEDED whose values the readings show since the device answered."""
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
    if reading.receive_time <= since:
        return False
    if isinstance(value, int | float) and isinstance(reading.value, int | float):
        return math.isclose(reading.value, value, rel_tol=1e-6, abs_tol=1e-6)
    return reading.value == value


def _silence(record: CommandRecord) -> str:
    if record.state is State.QUEUED:
        return "could not be sent before it expired"
    if record.state is State.SENT:
        return f"no answer within {record.timeout / 1000:g} s"
    waiting = (
        f"the readings do not show {_listed(record.expected)}" if record.expected else "no result"
    )
    return f"{record.reason or record.state}; {waiting} within {record.timeout / 1000:g} s"


def _listed(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in values.items())
