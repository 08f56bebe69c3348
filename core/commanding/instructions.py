"""Instructions as kept: one order, with a command of its own for each system."""

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import fields, frozen
from sqlalchemy import ColumnElement, exists, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.commanding.records import CommandRecord, CommandRequest, record_of
from core.commanding.states import FINAL, State
from core.commanding.tables import commands, instructions
from core.fleet.scope import visible
from core.fleet.tables import systems
from core.records import RequestError
from core.thing_model.command import Risk
from core.thing_model.layout.fields import Value
from core.thing_model.problems import Problem


@frozen
class Instruction:
    """An instruction as kept; see the table. Times are UTC milliseconds.

    `targets` is how many systems it is for, `not_before` None for at once. Without `approve_until`
    it needs no second person.
    """

    id: str
    slot: str
    name: str
    parameters: Mapping[str, Value]
    risk: Risk
    targets: int
    not_before: int | None
    life: int
    reason: str
    idempotency_key: str | None
    order_digest: str
    digest: str
    replaces: str | None
    created_by_id: int | None
    created_by: str
    created_at: int
    approve_until: int | None = None
    approved_by_id: int | None = None
    approved_by: str | None = None
    approved_at: int | None = None

    @property
    def request(self) -> CommandRequest:
        return CommandRequest(self.slot, self.name, self.parameters)

    @property
    def waits_for_approval(self) -> bool:
        """Whether a second person has yet to approve; they may until `approve_until`."""
        return self.approve_until is not None and self.approved_at is None


@frozen
class Progress:
    """How many commands of an instruction are in which state."""

    counts: Mapping[State, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def over(self) -> int:
        """Those of which nothing more is awaited; a device that timed out may still answer."""
        done = FINAL | {State.TIMED_OUT}
        return sum(count for state, count in self.counts.items() if state in done)


@frozen
class Wanted:
    """Which instructions; what is None or empty does not matter.

    sn, state: one that has a command for this system, or one in this state. `since` is included,
    `until` is not.
    """

    sn: str = ""
    name: str = ""
    state: State | None = None
    created_by: str = ""
    since: int | None = None
    until: int | None = None


async def page(
    connection: AsyncConnection,
    access: Access,
    wanted: Wanted | None = None,
    *,
    before: str | None = None,
    limit: int = 50,
) -> list[Instruction]:
    """Instructions newest first, those with an id below `before`; needs `commands:read`."""
    access.require("commands:read")
    query = select(instructions).where(seen(access), *_filters(wanted or Wanted()))
    if before is not None:
        query = query.where(instructions.c.id < before)
    found = await connection.execute(query.order_by(instructions.c.id.desc()).limit(limit))
    return [Instruction(*row) for row in found]


async def by_id(
    connection: AsyncConnection, access: Access, instruction_id: str, *, lock: bool = False
) -> Instruction | None:
    """The instruction of this id, if somebody sees one of its systems; needs `commands:read`."""
    access.require("commands:read")
    query = select(instructions).where(instructions.c.id == instruction_id, seen(access))
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else Instruction(*row)


async def known(
    connection: AsyncConnection, access: Access, instruction_id: str, *, lock: bool = False
) -> Instruction:
    """The same; raises RequestError where there is none."""
    found = await by_id(connection, access, instruction_id, lock=lock)
    if found is None:
        what = f"{instruction_id!r} is not known"
        raise RequestError(Problem("instruction", what, "look it up again"))
    return found


async def progress(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, Progress]:
    """How far instructions are, by id: counted in an index, without a look at the commands."""
    columns = commands.c.instruction_id, commands.c.state
    query = select(*columns, func.count()).where(columns[0].in_(ids)).group_by(*columns)
    counts: dict[str, dict[State, int]] = {id_: {} for id_ in ids}
    for id_, state, count in await connection.execute(query):
        counts[id_][State(state)] = count
    return {id_: Progress(each) for id_, each in counts.items()}


async def only_targets(
    connection: AsyncConnection, access: Access, ids: Sequence[str]
) -> dict[str, str]:
    """The serial number of each instruction that is for one system alone, by id."""
    query = (
        select(instructions.c.id, systems.c.sn)
        .join_from(instructions, commands)
        .join(systems)
        .where(instructions.c.id.in_(ids), instructions.c.targets == 1, visible(access))
    )
    return {row.id: row.sn for row in await connection.execute(query)}


async def commands_of(
    connection: AsyncConnection,
    access: Access,
    instruction_id: str,
    *,
    state: State | None = None,
    after_sn: str = "",
    limit: int = 100,
) -> list[tuple[str, CommandRecord]]:
    """Serial numbers and commands of an instruction, in their order from behind `after_sn` on.

    Only those of systems that somebody sees; needs `commands:read`.
    """
    access.require("commands:read")
    query = (
        select(systems.c.sn, *commands.c)
        .join(systems)
        .where(
            commands.c.instruction_id == instruction_id, systems.c.sn > after_sn, visible(access)
        )
    )
    if state is not None:
        query = query.where(commands.c.state == state)
    found = await connection.execute(query.order_by(systems.c.sn).limit(limit))
    return [(row.sn, record_of(row)) for row in found]


def seen(access: Access) -> ColumnElement[bool]:
    """The condition on `instructions` for those that have a command for a system somebody sees."""
    if access.user_type == "A":
        return true()
    mine = commands.c.instruction_id == instructions.c.id
    return exists(select(commands.c.id).join(systems).where(mine, visible(access)))


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    mine = select(commands.c.id).where(commands.c.instruction_id == instructions.c.id)
    found: list[ColumnElement[bool]] = []
    if wanted.name:
        found.append(instructions.c.name == wanted.name)
    if wanted.created_by:
        found.append(instructions.c.created_by == wanted.created_by)
    if wanted.sn:
        found.append(exists(mine.join(systems).where(systems.c.sn == wanted.sn)))
    if wanted.state is not None:
        found.append(exists(mine.where(commands.c.state == wanted.state)))
    if wanted.since is not None:
        found.append(instructions.c.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(instructions.c.created_at < wanted.until)
    return found


COLUMNS: Final = tuple(attribute.name for attribute in fields(Instruction))
"""Of the table, as the record has them."""
