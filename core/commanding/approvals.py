"""The second person: whoever did not ask, and may do it too, approves or refuses.

An approval is for what was shown: the digest of command, parameters, systems and time. It must be
given before `approve_until`, and ends when the commands may no longer be sent.
"""

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.commanding import orders
from core.commanding.commands import move_unsent
from core.commanding.giving import AREA
from core.commanding.instructions import Instruction, known
from core.commanding.states import State
from core.commanding.tables import commands, instructions
from core.fleet.scope import visible
from core.fleet.tables import systems
from core.records import ConflictError, RequestError, printable
from core.thing_model.problems import Problem


async def approve(
    connection: AsyncConnection, access: Access, instruction_id: str, digest: str, now: int
) -> Instruction:
    """Let the commands of an instruction be sent; `digest` is that of what the approver was shown.

    Needs `commands:approve`, and what giving it needs. Raises AccessError; ConflictError where the
    instruction is another than was shown; RequestError where there is nothing to approve, or for
    who asked.
    """
    given = await _open(connection, access, instruction_id, now)
    rows = await connection.execute(
        select(systems.c.sn).join(commands).where(commands.c.instruction_id == instruction_id)
    )
    if digest != orders.digest(given.request, rows.scalars(), given.not_before):
        raise ConflictError(given)
    await connection.execute(
        update(instructions)
        .where(instructions.c.id == instruction_id)
        .values(approved_by_id=access.user_id, approved_by=access.name, approved_at=now)
    )
    await move_unsent(
        connection,
        commands.c.instruction_id == instruction_id,
        State.QUEUED,
        now=now,
        actor=access.name,
        reason=f"approved by {access.name}",
        expires_at=max(now, given.not_before or 0) + given.life,
    )
    new = {"digest": digest, "asked_by": given.created_by}
    await entries.record(connection, access, AREA, "approve", instruction_id, new=new, now=now)
    return await known(connection, access, instruction_id)


async def refuse(
    connection: AsyncConnection, access: Access, instruction_id: str, *, reason: str, now: int
) -> Instruction:
    """Withdraw an instruction that waits for approval; needs and raises what `approve` does."""
    given = await _open(connection, access, instruction_id, now)
    said = f"refused by {access.name}{reason and ': '}{printable(reason)}"
    which = commands.c.instruction_id == instruction_id
    await move_unsent(connection, which, State.CANCELLED, now=now, actor=access.name, reason=said)
    new = {"asked_by": given.created_by}
    about = (AREA, "refuse", instruction_id)
    await entries.record(connection, access, *about, new=new, reason=reason, now=now)
    return given


async def waiting(connection: AsyncConnection, now: int) -> dict[int | None, int]:
    """How many instructions of all systems wait for a second person, by the id of who asked."""
    unapproved = (
        select(commands.c.instruction_id)
        .where(
            commands.c.state == State.PENDING_APPROVAL,
            commands.c.finished_at.is_(None),
            commands.c.expires_at > now,
        )
        .distinct()
    )
    asker = instructions.c.created_by_id
    query = select(asker, func.count()).where(instructions.c.id.in_(unapproved)).group_by(asker)
    return {row[0]: row[1] for row in await connection.execute(query)}


async def _open(
    connection: AsyncConnection, access: Access, instruction_id: str, now: int
) -> Instruction:
    """An instruction that waits for just this person; nobody else changes it meanwhile."""
    access.require("commands:approve")
    given = await known(connection, access, instruction_id, lock=True)
    orders.check_access(access, given.targets)
    if access.user_id == given.created_by_id:
        what = "who asked for it cannot approve or refuse it"
        raise RequestError(Problem("instruction", what, "ask somebody else, or cancel it"))
    if not given.waits_for_approval or now >= (given.approve_until or 0):
        what = "does not wait for approval, or no longer"
        raise RequestError(Problem("instruction", what, "look at it again"))
    waiting = and_(
        commands.c.instruction_id == instruction_id, commands.c.state == State.PENDING_APPROVAL
    )
    query = select(func.count()).select_from(commands).join(systems)
    if await connection.scalar(query.where(waiting, visible(access))) != given.targets:
        what = "was withdrawn, or has systems that are not yours to see"
        raise RequestError(Problem("instruction", what, "look at it again"))
    return given
