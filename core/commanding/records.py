"""A command as it is asked for, and as it is kept."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import fields, frozen

from core.commanding.leases import Lease
from core.commanding.parameters import Checked, check
from core.commanding.states import State
from core.records import RequestError, ulid
from core.registry import Part, System
from core.thing_model.layout.fields import Value
from core.thing_model.problems import Problem

SLACK: Final = 60_000
"""Milliseconds that a lease outlives its command's time, so that the worker ends that first."""


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
    instruction_id: str | None = None
    not_before: int = 0
    offline: str = "queue"

    def lease(self, now: int) -> Lease:
        """What it holds of its system while it is under way."""
        until = now + self.timeout + SLACK
        return Lease(self.system_id, f"command {self.id}", f"{self.slot} {self.name}", now, until)


@frozen
class Transition:
    """One step of a command's history."""

    at: int
    state: State
    reason: str
    actor: str


def checked_for(system: System, request: CommandRequest) -> tuple[Part, Checked]:
    """The part that is meant, and the command for it with its values checked.

    Raises RequestError where the system has no such part, or that knows no such command.
    """
    part = system.parts.get(request.slot)
    if part is None:
        hint = f"slots are {', '.join(system.parts)}"
        raise RequestError(Problem("slot", f"{request.slot!r} is not part of the system", hint))
    command = part.commands.get(request.name)
    if command is None:
        hint = f"commands of {request.slot} are {', '.join(part.commands) or 'none'}"
        raise RequestError(Problem("command", f"{request.name!r} is not declared", hint))
    return part, check(part, command, request.parameters)


def record_for(
    system_id: int,
    request: CommandRequest,
    checked: Checked,
    *,
    by: str,
    now: int,
    expires_at: int,
    state: State = State.QUEUED,
    **others: Any,
) -> CommandRecord:
    """A new command for a system, not kept yet; `others` are further fields of the record."""
    return CommandRecord(
        id=ulid(now),
        system_id=system_id,
        slot=request.slot,
        name=request.name,
        parameters={key: checked.values[key] for key in request.parameters},
        frame=checked.frame,
        expected=checked.expected,
        delivery=checked.command.delivery,
        offline=checked.command.offline,
        timeout=round(checked.command.timeout * 1000),
        state=state,
        created_by=by,
        created_at=now,
        changed_at=now,
        expires_at=expires_at,
        **others,
    )


def record_of(row: Any) -> CommandRecord:
    """The record of a row that holds all columns of the table, and perhaps more."""
    values: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS}
    values["state"] = State(row.state)
    return CommandRecord(**values)


COLUMNS: Final = tuple(attribute.name for attribute in fields(CommandRecord))
"""Of the table, as the record has them."""
