"""Giving instructions, editing and withdrawing them.

An instruction is never changed. Whoever edits one withdraws it and gives another, so that what a
second person approved is what is sent.
"""

from typing import Final

from sqlalchemy import and_, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.commanding import orders
from core.commanding.commands import add, move_unsent
from core.commanding.instructions import COLUMNS, Instruction, known
from core.commanding.orders import Order, Trial
from core.commanding.policy import APPROVAL_LIFE
from core.commanding.records import record_for
from core.commanding.states import State
from core.commanding.tables import commands, instructions
from core.fleet.scope import visible
from core.fleet.tables import systems
from core.records import RequestError, printable, ulid
from core.registry import Registry
from core.thing_model.problems import Problem

AREA: Final = "commands"
"""Of the audit."""


async def give(
    connection: AsyncConnection, registry: Registry, access: Access, order: Order, now: int
) -> Instruction:
    """Keep an instruction and its commands: queued, or waiting for a second person to approve.

    Needs `systems:command`, and `commands:bulk` for several systems. Raises AccessError, and
    RequestError with everything that is wrong, or where `order.key` was used for another order.
    """
    orders.check_access(access, len(order.sns))
    if before := await _before(connection, access, order):
        return before
    trial = await _checked(connection, registry, access, order, now)
    return await _keep(connection, access, order, trial, now)


async def revise(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    order: Order,
    *,
    replaces: str,
    now: int,
) -> Instruction:
    """Edit an instruction of which nothing was sent yet: withdraw that and give this one instead.

    What was approved of the one that it `replaces` is void. Needs `commands:cancel` and what `give`
    needs; raises AccessError and RequestError.
    """
    access.require("commands:cancel")
    orders.check_access(access, len(order.sns))
    await known(connection, access, replaces)
    if before := await _before(connection, access, order):
        return before
    trial = await _checked(connection, registry, access, order, now)
    made = await _keep(connection, access, order, trial, now, replaces=replaces)
    why = f"replaced by instruction {made.id}"
    gone = await _withdraw(connection, access, replaces, why, now)
    mine = commands.c.instruction_id == replaces
    total = await connection.scalar(select(func.count()).select_from(commands).where(mine)) or 0
    if gone != total:
        what = f"{total - gone} of its commands were sent already, are over, or are not yours"
        raise RequestError(Problem("instruction", what, "cancel the rest and give a new one"))
    return made


async def cancel(
    connection: AsyncConnection, access: Access, instruction_id: str, *, reason: str, now: int
) -> int:
    """Withdraw those of its commands that were not sent yet; returns how many.

    Needs `commands:cancel`; raises AccessError and RequestError.
    """
    access.require("commands:cancel")
    await known(connection, access, instruction_id)
    said = f"withdrawn{reason and ': '}{reason}"
    gone = await _withdraw(connection, access, instruction_id, said, now)
    if not gone:
        what = "none of its commands still waits"
        raise RequestError(Problem("instruction", what, "what was sent cannot be called back"))
    new = {"cancelled": gone}
    about = (AREA, "cancel", instruction_id)
    await entries.record(connection, access, *about, new=new, reason=reason, now=now)
    return gone


async def cancel_command(
    connection: AsyncConnection, access: Access, command_id: str, *, reason: str, now: int
) -> None:
    """Withdraw one command of an instruction, before it is sent; the others stay.

    Needs `commands:cancel`; raises AccessError and RequestError.
    """
    access.require("commands:cancel")
    mine = commands.c.system_id.in_(select(systems.c.id).where(visible(access)))
    which = and_(commands.c.id == command_id, commands.c.instruction_id.is_not(None), mine)
    said = printable(f"withdrawn{reason and ': '}{reason}")
    gone = await move_unsent(
        connection, which, State.CANCELLED, now=now, actor=access.name, reason=said
    )
    if not gone:
        what = "does not wait any more, or was not given by anybody"
        raise RequestError(Problem("command", what, "what was sent cannot be called back"))
    query = (
        select(commands.c.instruction_id, systems.c.sn)
        .join(systems)
        .where(commands.c.id == command_id)
    )
    instruction_id, sn = (await connection.execute(query)).one()
    about = (AREA, "cancel", instruction_id)
    await entries.record(connection, access, *about, new={"sn": sn}, reason=reason, now=now)


async def _checked(
    connection: AsyncConnection, registry: Registry, access: Access, order: Order, now: int
) -> Trial:
    trial = await orders.check(connection, registry, access, order, now)
    if problems := orders.refusals(trial, order):
        raise RequestError(*problems)
    return trial


async def _keep(
    connection: AsyncConnection,
    access: Access,
    order: Order,
    trial: Trial,
    now: int,
    *,
    replaces: str | None = None,
) -> Instruction:
    made = _instruction(access, order, trial, now, replaces)
    row = {name: getattr(made, name) for name in COLUMNS}
    try:
        async with connection.begin_nested():
            await connection.execute(insert(instructions), row)
    except IntegrityError:  # somebody gives it at this very moment
        if before := await _before(connection, access, order):
            return before
        raise
    waits = made.approve_until
    due = max(now, made.not_before or 0) + made.life
    await add(
        connection,
        [
            record_for(
                each.target.record.id,
                order.request,
                each.checked,
                by=access.name,
                now=now,
                expires_at=waits or due,
                state=State.PENDING_APPROVAL if waits else State.QUEUED,
                reason="; ".join(each.notes),
                instruction_id=made.id,
                not_before=made.not_before or 0,
            )
            for each in trial.ready
            if each.target and each.checked
        ],
    )
    new = {
        "command": f"{made.slot} {made.name}",
        "parameters": made.parameters,
        "systems": made.targets if made.targets > 1 else trial.ready[0].sn,
        "not_before": made.not_before,
        "approve_until": made.approve_until,
        "replaces": made.replaces,
        "grid_rules": sorted({note for each in trial.ready for note in each.notes}) or None,
    }
    about = (AREA, "give", made.id)
    await entries.record(connection, access, *about, new=new, reason=made.reason, now=now)
    return made


async def _before(connection: AsyncConnection, access: Access, order: Order) -> Instruction | None:
    """What was given with this key before; raises RequestError if that was another order."""
    if not order.key:
        return None
    query = select(instructions).where(
        instructions.c.created_by == access.name,
        instructions.c.idempotency_key == printable(order.key),
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    before = Instruction(*row)
    if before.order_digest != _digest(order):
        what = f"{order.key!r} was used for another order, instruction {before.id}"
        raise RequestError(Problem("key", what, "use a new key for a new order"))
    return before


async def _withdraw(
    connection: AsyncConnection, access: Access, instruction_id: str, reason: str, now: int
) -> int:
    mine = commands.c.system_id.in_(select(systems.c.id).where(visible(access)))
    which = and_(commands.c.instruction_id == instruction_id, mine)
    said = printable(reason)
    return await move_unsent(
        connection, which, State.CANCELLED, now=now, actor=access.name, reason=said
    )


def _instruction(
    access: Access, order: Order, trial: Trial, now: int, replaces: str | None
) -> Instruction:
    until = now + APPROVAL_LIFE if trial.needs_approval else None
    if until and order.not_before is not None:
        until = min(until, order.not_before + order.life)
    return Instruction(
        id=ulid(now),
        slot=order.request.slot,
        name=order.request.name,
        parameters=dict(order.request.parameters),
        risk=trial.risk,
        targets=len(trial.ready),
        not_before=order.not_before,
        life=order.life,
        reason=printable(order.reason),
        idempotency_key=printable(order.key) or None,
        order_digest=_digest(order),
        digest=trial.digest,
        replaces=replaces,
        created_by_id=access.user_id,
        created_by=access.name,
        created_at=now,
        approve_until=until,
    )


def _digest(order: Order) -> str:
    return orders.digest(order.request, order.sns, order.not_before)
