"""What a command would do: its bytes, and current → new of every value; nothing is sent."""

from collections.abc import Mapping

from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from core.commanding.grid_limits import GridLimits
from core.commanding.parameters import Checked
from core.commanding.records import CommandRequest, checked_for
from core.records import RequestError
from core.registry import Part, System
from core.telemetry.readings import Readings, latest_of
from core.thing_model.layout.fields import Value
from core.thing_model.problems import Problem


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
    """What a command would do, or what is wrong with it; the frame is empty where it cannot be.

    notes: the rules of the grid that bind what it says.
    """

    frame: bytes
    changes: tuple[Change, ...]
    proof: tuple[str, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


async def dry_run(
    connection: AsyncConnection,
    system: System,
    system_id: int,
    request: CommandRequest,
    limits: GridLimits | None = None,
) -> DryRun:
    """Check and encode without sending: the bytes, and current → new of every value in them."""
    try:
        part, checked = checked_for(system, request)
    except RequestError as error:
        return DryRun(b"", (), (), error.problems)
    changes = changes_of(part, checked, await latest_of(connection, system_id))
    held = limits or GridLimits()
    problems = (*checked.problems, *held.problems(system_id, part, checked))
    notes = held.notes(system_id, part, checked.command)
    frame = b"" if problems else checked.frame
    return DryRun(frame, changes, tuple(checked.expected), problems, notes)


def changes_of(part: Part, checked: Checked, readings: Readings) -> tuple[Change, ...]:
    """Every value that the command says, beside what the component reports now."""
    now: Mapping[str, Value] = {
        key: reading.value for (slot, key), reading in readings.items() if slot == part.slot
    }
    return tuple(_change(part, key, now.get(key), new) for key, new in checked.values.items())


def _change(part: Part, key: str, current: Value, new: Value) -> Change:
    datapoint = part.datapoints[key]
    labels = [datapoint.enum.label(v) if datapoint.enum else None for v in (current, new)]
    return Change(key, datapoint.name, datapoint.unit, current, new, *labels)
