"""Commands from the request to the result: checked, journalled, and moved from state to state."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve, fields, frozen
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.commanding.parameters import Checked, check
from core.commanding.states import FINAL, TRANSITIONS, State, TransitionError
from core.commanding.tables import command_transitions, commands
from core.records import RequestError, printable, ulid
from core.registry import Part, System
from core.telemetry.readings import latest_of
from core.thing_model.layout.fields import Value
from core.thing_model.messages import Acknowledgement
from core.thing_model.problems import Problem

LIFE: Final = 900_000
"""Milliseconds until a command that could not be sent, or has not reached its device, expires."""
DEVICE: Final = "device"
ENGINE: Final = "engine"
_STATUS: Final = {
    "accepted": State.ACKED,
    "running": State.RUNNING,
    "succeeded": State.SUCCEEDED,
    "failed": State.FAILED,
    "rejected": State.REJECTED,
}


@frozen
class CommandRequest:
    """What somebody wants a component to do; choices may be given by number or name."""

    slot: str
    name: str
    parameters: Mapping[str, Value]


@frozen
class CommandRecord:
    """A command as journalled. Times are UTC milliseconds; see the table."""

    id: str
    system_id: int
    slot: str
    name: str
    parameters: Mapping[str, Value]
    frame: bytes
    expected: Mapping[str, Value]
    delivery: str
    timeout: int
    state: State
    created_by: str
    created_at: int
    changed_at: int
    expires_at: int
    reason: str = ""
    late: bool = False
    sent_at: int | None = None
    published_at: int | None = None
    acked_at: int | None = None
    finished_at: int | None = None


@frozen
class Transition:
    """One step of a command's history."""

    at: int
    state: State
    reason: str
    actor: str


@frozen
class Change:
    """What a command would change: the latest reading of a datapoint, and what it would become.

    Labels are those of enumerations, None where there is none.
    """

    key: str
    name: str
    unit: str
    current: Value
    new: Value
    current_label: str | None
    new_label: str | None


@frozen
class DryRun:
    """What a command would do, or what is wrong with it; the frame is empty where it cannot be."""

    frame: bytes
    changes: tuple[Change, ...]
    proof: tuple[str, ...]
    problems: tuple[Problem, ...]


async def dry_run(
    connection: AsyncConnection, system: System, system_id: int, request: CommandRequest
) -> DryRun:
    """Check and encode without sending: the bytes, and current → new of every value in them."""
    try:
        part, checked = _checked(system, request)
    except RequestError as error:
        return DryRun(b"", (), (), error.problems)
    now = {
        key: reading.value
        for (slot, key), reading in (await latest_of(connection, system_id)).items()
        if slot == request.slot
    }
    changes = tuple(_change(part, key, now.get(key), new) for key, new in checked.values.items())
    return DryRun(checked.frame, changes, tuple(checked.expected), checked.problems)


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
    """Journal and queue a command; raises RequestError with everything that is wrong with it.

    `by` names who asked, `life` is how many milliseconds it may wait for its device.
    """
    _, checked = _checked(system, request)
    if checked.problems:
        raise RequestError(*checked.problems)
    record = _queued(system_id, request, checked, by=by, now=now, life=life)
    row = {name: getattr(record, name) for name in _COLUMNS}
    await connection.execute(insert(commands), row)
    await _journal(connection, record, by)
    return record


async def page(
    connection: AsyncConnection,
    *,
    system_id: int | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[CommandRecord]:
    """Commands newest first, those with an id below `before`; of one system or of all."""
    query = select(commands).order_by(commands.c.id.desc()).limit(limit)
    if system_id is not None:
        query = query.where(commands.c.system_id == system_id)
    if before is not None:
        query = query.where(commands.c.id < before)
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
    await _journal(connection, moved, actor)
    return moved


def _checked(system: System, request: CommandRequest) -> tuple[Part, Checked]:
    part = system.parts.get(request.slot)
    if part is None:
        hint = f"slots are {', '.join(system.parts)}"
        raise RequestError(Problem("slot", f"{request.slot!r} is not part of the system", hint))
    command = part.commands.get(request.name)
    if command is None:
        hint = f"commands of {request.slot} are {', '.join(part.commands) or 'none'}"
        raise RequestError(Problem("command", f"{request.name!r} is not declared", hint))
    return part, check(part, command, request.parameters)


def _queued(
    system_id: int, request: CommandRequest, checked: Checked, *, by: str, now: int, life: int
) -> CommandRecord:
    return CommandRecord(
        id=ulid(now),
        system_id=system_id,
        slot=request.slot,
        name=request.name,
        parameters={key: checked.values[key] for key in request.parameters},
        frame=checked.frame,
        expected=checked.expected,
        delivery=checked.command.delivery,
        timeout=round(checked.command.timeout * 1000),
        state=State.QUEUED,
        created_by=by,
        created_at=now,
        changed_at=now,
        expires_at=now + life,
    )


def _change(part: Part, key: str, current: Value, new: Value) -> Change:
    datapoint = part.datapoints[key]
    labels = [datapoint.enum.label(v) if datapoint.enum else None for v in (current, new)]
    return Change(key, datapoint.name, datapoint.unit, current, new, *labels)


async def _journal(connection: AsyncConnection, record: CommandRecord, actor: str) -> None:
    await connection.execute(
        insert(command_transitions).values(
            command_id=record.id,
            at=record.changed_at,
            state=record.state,
            reason=record.reason,
            actor=actor,
        )
    )


def record_of(row: Any) -> CommandRecord:
    """The record of a row that holds all columns of the table, and perhaps more."""
    values: dict[str, Any] = {name: getattr(row, name) for name in _COLUMNS}
    values["state"] = State(row.state)
    return CommandRecord(**values)


_COLUMNS: Final = tuple(attribute.name for attribute in fields(CommandRecord))
