"""The lists of instructions and of the commands that they became, system by system."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.commanding.instructions import seen
from core.commanding.states import UNSENT, State
from core.commanding.tables import commands, instructions
from core.fleet.scope import visible
from core.fleet.search import part_of_sn
from core.fleet.tables import systems
from core.listing.filters import Choice, Span, Text, Time, Words
from core.listing.query import Occasion, Sort
from core.listing.tables import Listing, Term
from core.records import first_ulid

STATES: Final = tuple(state.value for state in State)


def _number(*states: State) -> ColumnElement[Any]:
    """How many commands of an instruction are in one of these states."""
    mine = commands.c.instruction_id == instructions.c.id
    counted = select(func.count()).select_from(commands)
    return counted.where(mine, commands.c.state.in_(states)).scalar_subquery()


def _in_time(column: ColumnElement[str], given: Span) -> ColumnElement[bool]:
    """Ids begin with the moment at which they were made, and are in its order."""

    def ends() -> Iterator[ColumnElement[bool]]:
        if given.low is not None:
            yield column >= first_ulid(int(given.low))
        if given.high is not None:
            yield column < first_ulid(int(given.high) + 1)

    return and_(true(), *ends())


def _given_then(given: Span, _: Occasion) -> ColumnElement[bool]:
    return _in_time(instructions.c.id, given)


def _made_then(given: Span, _: Occasion) -> ColumnElement[bool]:
    return _in_time(commands.c.id, given)


def _in_state(given: Sequence[str], _: Occasion) -> ColumnElement[bool]:
    mine = commands.c.instruction_id == instructions.c.id
    return exists(select(commands.c.id).where(mine, commands.c.state.in_(given)))


async def _at_system(connection: AsyncConnection, given: Words, occasion: Occasion) -> Term:
    """Commands of systems whose serial number begins with a text, or holds it."""
    wanted = (await part_of_sn(connection, given, occasion)).condition
    return Term(commands.c.system_id.in_(select(systems.c.id).where(wanted)))


async def _for_system(connection: AsyncConnection, given: Words, occasion: Occasion) -> Term:
    """Instructions with such a command."""
    of_systems = (await _at_system(connection, given, occasion)).condition
    return Term(instructions.c.id.in_(select(commands.c.instruction_id).where(of_systems)))


def _names(occasion: Occasion) -> Sequence[str]:
    plugins = occasion.registry.plugins.values()
    return sorted({command.name for plugin in plugins for command in plugin.commands})


def _of_seen_systems(access: Access) -> ColumnElement[bool] | None:
    if access.user_type == "A":
        return None
    return commands.c.system_id.in_(select(systems.c.id).where(visible(access)))


def _seen(access: Access) -> ColumnElement[bool] | None:
    return None if access.user_type == "A" else seen(access)


INSTRUCTIONS: Final = Listing(
    "instructions",
    instructions,
    {
        **{
            name: instructions.c[name]
            for name in (
                "id", "slot", "name", "parameters", "risk", "targets", "not_before", "reason",
                "digest", "replaces", "created_by_id", "created_by", "created_at",
                "approve_until", "approved_by", "approved_at",
            )
        },
        "unsent": _number(*UNSENT),
        "unapproved": _number(State.PENDING_APPROVAL),
    },
    key="id",
    tie=instructions.c.id,
    sorts=(Sort("created_at", unique=True, descending=True, by="id"),),
    scope=_seen,
    filters=(
        Text("sn", "id", fold="upper", longest=24),
        Choice("name"),
        Choice("state", "id", choices=STATES, facet=False),
        Choice("created_by", facet=False),
        Time("created_at", "id"),
    ),
    conditions={"state": _in_state, "created_at": _given_then},
    probes={"sn": _for_system},
    choices={"name": _names},
)  # fmt: skip

COMMANDS: Final = Listing(
    "commands",
    commands,
    {
        **{
            name: commands.c[name]
            for name in (
                "id", "slot", "name", "parameters", "frame", "state", "reason", "late",
                "created_by", "created_at", "changed_at", "expires_at", "sent_at", "acked_at",
                "finished_at", "instruction_id",
            )
        },
        "not_before": func.nullif(commands.c.not_before, 0, type_=commands.c.not_before.type),
        "sn": select(systems.c.sn).where(systems.c.id == commands.c.system_id).scalar_subquery(),
    },
    key="id",
    tie=commands.c.id,
    sorts=(Sort("created_at", unique=True, descending=True, by="id"),),
    scope=_of_seen_systems,
    filters=(
        Text("sn", "id", fold="upper", longest=24),
        Choice("name"),
        Choice("state", choices=STATES),
        Choice("created_by", facet=False),
        Time("created_at", "id"),
        Text("instruction", "instruction_id", match="exact", longest=26),
    ),
    conditions={"created_at": _made_then},
    probes={"sn": _at_system},
    choices={"name": _names},
)  # fmt: skip
