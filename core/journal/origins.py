"""Who changed what a system is set to: a command, the device by its own log, or somebody else.

A change is known by the last frame with the old value and the first one with the new. What tells
the same value at that time may have made it: the nearer to the frame that shows it, the likelier.
Where nothing does, it was set at the device or by its maker's app: no frame says by whom.
"""

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final, Literal

from attrs import frozen
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.commanding.parameters import same
from core.commanding.records import CommandRecord, record_of
from core.commanding.states import State
from core.commanding.tables import commands
from core.journal.tables import log_lines, log_records
from core.registry import Part
from core.telemetry.configuration import Turn
from core.telemetry.curves import Address
from core.thing_model.datapoint import Datapoint
from core.thing_model.layout.fields import Value

LATE: Final = 86_400_000
"""Milliseconds that a line of a log may come after it was written."""
MOST: Final = 500
"""Newest commands, and lines of logs, that are looked through for changes."""
_UNDONE: Final = (State.REJECTED, State.FAILED, State.CANCELLED, State.EXPIRED)
"""A command that ended so set nothing."""


@frozen
class Origin:
    """What may have made a change: a "command" of `by`, or a line of the device's "log".

    "outside": neither tells of it. "hidden": neither is seen that the reader may see. `at` is when
    a command was sent, or a line written by the device's clock; `id` is that of the command or of
    the record of the line.
    """

    kind: Literal["command", "log", "outside", "hidden"]
    at: int = 0
    by: str = ""
    id: str = ""
    name: str = ""


async def origins_of(
    connection: AsyncConnection,
    access: Access,
    system_id: int,
    parts: Mapping[str, Part],
    turns: Mapping[Address, Turn],
) -> dict[Address, list[Origin]]:
    """What may have made each of these changes, the nearest to it first; one at least."""
    if not turns:
        return {}
    span = min(t.old.at for t in turns.values()), max(t.new.at for t in turns.values())
    sees = {name: access.may(name) for name in ("commands:read", "logs:read")}
    told = await _commands(connection, system_id, span) if sees["commands:read"] else []
    said = await _lines(connection, system_id, span) if sees["logs:read"] else []
    nothing = Origin("outside" if all(sees.values()) else "hidden")
    found: dict[Address, list[Origin]] = {}
    for (slot, key), turn in turns.items():
        part = parts[slot]
        datapoint = part.datapoints[key]
        fitting = [
            *(_of_line(row) for row in said if _says(row, part, datapoint, turn)),
            *(_of_command(c) for c in told if c.slot == slot and _sets(c, part, key, turn)),
        ]
        fitting.sort(key=partial(_distance, turn))
        found[slot, key] = fitting or [nothing]
    return found


def _distance(turn: Turn, origin: Origin) -> int:
    return abs(turn.new.at - origin.at)


async def _commands(
    connection: AsyncConnection, system_id: int, span: tuple[int, int]
) -> list[CommandRecord]:
    c = commands.c
    query = (
        select(commands)
        .where(c.system_id == system_id, c.sent_at <= span[1], c.changed_at >= span[0])
        .where(c.state.not_in(_UNDONE))
        .order_by(c.id.desc())
        .limit(MOST)
    )
    return [record_of(row) for row in await connection.execute(query)]


def _sets(command: CommandRecord, part: Part, key: str, turn: Turn) -> bool:
    """Whether a command said this value, and was under way while it turned."""
    declared = part.commands.get(command.name)
    constants: Mapping[str, Value] = declared.constants if declared else {}
    said = {**constants, **command.parameters, **command.expected}
    sent, ended = command.sent_at, command.finished_at or command.changed_at
    if sent is None or key not in said or not same(said[key], turn.new.value):
        return False
    return sent <= turn.new.at and ended >= turn.old.at


def _of_command(command: CommandRecord) -> Origin:
    return Origin("command", command.sent_at or 0, command.created_by, command.id, command.name)


@frozen
class _Line:
    id: int
    slot: str
    name: str
    new: str
    at: int


async def _lines(connection: AsyncConnection, system_id: int, span: tuple[int, int]) -> list[_Line]:
    r, line = log_records.c, log_lines.c
    query = (
        select(r.id, r.slot, r["name"], r.new, line.device_time)
        .join(log_lines)
        .where(r.system_id == system_id, r.kind == "config")
        .where(r.received_at >= span[0], r.received_at <= span[1] + LATE)
        .where(line.device_time >= span[0], line.device_time <= span[1])
        .order_by(r.received_at.desc(), r.id.desc())
        .limit(MOST)
    )
    return [_Line(*row) for row in await connection.execute(query)]


def _says(line: _Line, part: Part, datapoint: Datapoint, turn: Turn) -> bool:
    """Whether a line tells of this value while it turned."""
    if line.slot != part.slot or not turn.old.at <= line.at <= turn.new.at:
        return False
    named = part.named(line.name)
    if named is None or named.key != datapoint.key:
        return False
    return any(same(value, turn.new.value) for value in _values(datapoint, line.new))


def _values(datapoint: Datapoint, text: str) -> Iterator[Value]:
    """What a text of a log may mean: itself, a number, or the number of a word."""
    yield text
    with contextlib.suppress(ValueError):
        yield float(text)
    for number, symbol in datapoint.enum.symbols.items() if datapoint.enum else ():
        if text in (symbol.name, symbol.label):
            yield number


def _of_line(line: _Line) -> Origin:
    return Origin("log", line.at, "", str(line.id), line.name)
