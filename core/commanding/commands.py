"""Commands from the request to the result: checked, journalled, and moved from state to state."""

from collections.abc import Collection, Iterable
from typing import Any, Final

from attrs import evolve
from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.commanding import leases
from core.commanding.policy import LIFE, needs_approval
from core.commanding.records import (
    COLUMNS,
    CommandRecord,
    CommandRequest,
    Transition,
    checked_for,
    record_for,
    record_of,
)
from core.commanding.states import FINAL, TRANSITIONS, UNDER_WAY, UNSENT, State, TransitionError
from core.commanding.tables import command_transitions, commands
from core.records import RequestError, printable, write
from core.registry import System
from core.thing_model.messages import Acknowledgement
from core.thing_model.problems import Problem

DEVICE: Final = "device"
ENGINE: Final = "engine"
_STATUS: Final = {
    "accepted": State.ACKED,
    "running": State.RUNNING,
    "succeeded": State.SUCCEEDED,
    "failed": State.FAILED,
    "rejected": State.REJECTED,
}


async def submit(
    connection: AsyncConnection,
    system: System,
    system_id: int,
    request: CommandRequest,
    *,
    by: str,
    now: int,
    life: int = LIFE,
) -> CommandRecord:
    """Journal and queue one command of the engine's own; people give instructions.

    `by` names who asked, `life` is how many milliseconds it may wait for its device. Raises
    RequestError with everything that is wrong with it, or if a second person has to approve it.
    """
    _, checked = checked_for(system, request)
    if checked.problems:
        raise RequestError(*checked.problems)
    if needs_approval(checked.command.risk, 1):
        what = f"{request.name!r} has to be approved by a second person"
        raise RequestError(Problem("command", what, "give it as an instruction"))
    record = record_for(system_id, request, checked, by=by, now=now, expires_at=now + life)
    await add(connection, [record])
    return record


async def add(connection: AsyncConnection, records: Iterable[CommandRecord]) -> None:
    """Keep and journal new commands; the reason that one is made with is the journal's alone."""
    made = list(records)
    rows = [{name: getattr(each, name) for name in COLUMNS} | {"reason": ""} for each in made]
    await connection.execute(insert(commands), rows)
    await _journal(connection, made, made[0].created_by)


async def page(
    connection: AsyncConnection,
    *,
    system_id: int | None = None,
    before: str | None = None,
    names: Collection[str] | None = None,
    limit: int = 50,
) -> list[CommandRecord]:
    """Commands newest first, those with an id below `before`; of one system or of all.

    `names` are those of the commands that are wanted, None is all.
    """
    query = select(commands).order_by(commands.c.id.desc()).limit(limit)
    if system_id is not None:
        query = query.where(commands.c.system_id == system_id)
    if before is not None:
        query = query.where(commands.c.id < before)
    if names is not None:
        query = query.where(commands.c.name.in_(names))
    return [record_of(row) for row in await connection.execute(query)]


async def by_id(
    connection: AsyncConnection, command_id: str, *, lock: bool = False
) -> CommandRecord | None:
    """The command of this id; `lock` keeps others from changing it until the transaction ends."""
    query = select(commands).where(commands.c.id == command_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else record_of(row)


async def transitions_of(connection: AsyncConnection, command_id: str) -> list[Transition]:
    """The history of a command, oldest first."""
    query = select(command_transitions).where(command_transitions.c.command_id == command_id)
    found = await connection.execute(query.order_by(command_transitions.c.id))
    return [Transition(row.at, State(row.state), row.reason, row.actor) for row in found]


async def cancel(connection: AsyncConnection, command_id: str, *, by: str, now: int) -> None:
    """Withdraw a command that was not sent yet; raises RequestError or TransitionError."""
    record = await by_id(connection, command_id, lock=True)
    if record is None:
        raise RequestError(Problem("command", f"{command_id!r} is not known", "look it up again"))
    await move(connection, record, State.CANCELLED, now=now, actor=by, reason="withdrawn")


async def acknowledge(
    connection: AsyncConnection, system_id: int, said: Acknowledgement, now: int
) -> CommandRecord | None:
    """Take in what a device says of a command; None if this system was never sent such a one.

    A success that readings must prove makes it RUNNING until they do. What was said before changes
    nothing. Raises TransitionError for what cannot follow.
    """
    record = await by_id(connection, said.id, lock=True)
    if record is None or record.system_id != system_id:
        return None
    state, reason = _STATUS[said.status], printable(said.detail)
    if state is State.SUCCEEDED and record.expected:
        state = State.RUNNING
        reason = f"the device reports success{reason and ': '}{reason}; waiting for its readings"
    known = {(step.state, step.reason) for step in await transitions_of(connection, record.id)}
    if (state, reason) in known:
        return record
    return await move(connection, record, state, now=now, actor=DEVICE, reason=reason)


async def move(
    connection: AsyncConnection,
    record: CommandRecord,
    state: State,
    *,
    now: int,
    actor: str = ENGINE,
    reason: str = "",
) -> CommandRecord:
    """Bring a command into another state and journal it; raises TransitionError."""
    if state not in TRANSITIONS[record.state]:
        raise TransitionError(record.id, record.state, state)
    moved = evolve(
        record,
        state=state,
        reason=reason,
        changed_at=now,
        late=record.late or record.state is State.TIMED_OUT,
        sent_at=now if state is State.SENT else record.sent_at,
        acked_at=record.acked_at or (now if actor == DEVICE else None),
        finished_at=now if state in FINAL else None,
    )
    changed = ("state", "reason", "changed_at", "late", "sent_at", "acked_at", "finished_at")
    done = await connection.execute(
        update(commands)
        .where(commands.c.id == record.id, commands.c.state == record.state)
        .values({name: getattr(moved, name) for name in changed})
    )
    if done.rowcount != 1:
        raise TransitionError(record.id, record.state, state)
    await _journal(connection, [moved], actor)
    if state in (State.ACKED, State.RUNNING):  # it goes on: longer, or again after a late answer
        await leases.take(connection, moved.lease(now))
    elif state not in UNDER_WAY and record.state in UNDER_WAY:
        await leases.release(connection, moved.system_id, moved.lease(now).owner)
    return moved


async def move_unsent(
    connection: AsyncConnection,
    which: ColumnElement[bool],
    state: State,
    *,
    now: int,
    actor: str = ENGINE,
    reason: str = "",
    **others: Any,
) -> int:
    """Bring those of `which` that are not sent yet into another state, and journal it.

    `others` are further columns and their new values. Returns how many were moved.
    """
    before = [each for each in UNSENT if state in TRANSITIONS[each]]
    done = await connection.execute(
        update(commands)
        .where(which, commands.c.state.in_(before))
        .values(
            state=state,
            reason=reason,
            changed_at=now,
            finished_at=now if state in FINAL else None,
            **others,
        )
        .returning(commands.c.id)
    )
    rows = [(id_, now, state, reason, actor) for id_ in done.scalars()]
    return await write(connection, command_transitions, _STEP, rows, "")


async def _journal(
    connection: AsyncConnection, records: Iterable[CommandRecord], actor: str
) -> None:
    rows = [(each.id, each.changed_at, each.state, each.reason, actor) for each in records]
    await write(connection, command_transitions, _STEP, rows, "")


_STEP: Final = ("command_id", "at", "state", "reason", "actor")
