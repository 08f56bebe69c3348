"""Instruction management: what systems were told, by whom, and what came of it."""

from collections.abc import Mapping
from typing import Any, Final

from core.access import Access
from core.commanding import commands, giving, instructions
from core.commanding.listed import COMMANDS as COMMANDS_LISTING
from core.commanding.listed import INSTRUCTIONS as LISTING
from core.commanding.states import FINAL, UNSENT, State
from core.listing.query import Occasion
from core.listing.tables import Row
from core.records import RequestError
from portal.presentation.instructions import OVERALL, RISKS, how_far, overall, said, titles
from portal.presentation.status import COMMAND
from portal.resource.declared import Action, Column, Empty, FilterField, Menu, Resource
from portal.resource.work import Work
from portal.resources.approving import APPROVING
from portal.services import Services
from portal.texts import N_

FIRST: Final = 50
"""Commands that the page of an instruction names; the list of commands has all."""
STATES: Final = {name: mark.text for name, mark in COMMAND.items()}
SN_HINT: Final = N_("Its beginning, or 3 characters")


async def _cancel(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await giving.cancel(work.connection, work.access, row["id"], reason=work.reason, now=work.now)


async def _cancel_command(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await giving.cancel_command(
        work.connection, work.access, row["id"], reason=work.reason, now=work.now
    )


async def _with_progress(services: Services, occasion: Occasion, found: list[Row]) -> None:
    """How far each is, and the system where it is one."""
    ids = [row["id"] for row in found]
    async with services.database.read() as connection:
        progress = await instructions.progress(connection, ids)
        alone = await instructions.only_targets(connection, occasion.access, ids)
    for row in found:
        own = progress[row["id"]]
        row |= {"sn": alone.get(row["id"]), "state": overall(own), "progress": how_far(own)}
        if "parameters" in row:
            row["parameters"] = said(row["parameters"])


async def _in_words(_: Services, __: Occasion, found: list[Row]) -> None:
    for row in found:
        if "parameters" in row:
            row["parameters"] = said(row["parameters"])


async def _may_instruct(_: Services, occasion: Occasion) -> Mapping[str, Any]:
    return {"may_instruct": occasion.access.may("systems:command")}


async def _about(services: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    """Its commands by state and one by one; of a single one, the course."""
    async with services.database.read() as connection:
        progress = (await instructions.progress(connection, [row["id"]]))[row["id"]]
        found = await instructions.commands_of(connection, occasion.access, row["id"], limit=FIRST)
        single = found[0][1].id if len(found) == 1 else ""
        steps = await commands.transitions_of(connection, single) if single else []
    return {
        "numbers": {state.value: number for state, number in progress.counts.items()},
        "total": progress.total,
        "going_on": progress.over < progress.total,
        "may_be_changed": row["unsent"] == row["targets"] and _may_change(occasion.access),
        "found": found,
        "steps": steps,
        "titles": titles(services),
    }


def _may_change(access: Access) -> bool:
    return access.may("systems:command") and access.may("commands:cancel")


async def _course(services: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    """Every state of a command with its time, and the instruction that it came of."""
    order = row["instruction_id"]
    async with services.database.read() as connection:
        steps = await commands.transitions_of(connection, row["id"])
        try:
            given = await instructions.known(connection, occasion.access, order) if order else None
        except RequestError:  # whose other systems are not theirs to see
            given = None
    return {"steps": steps, "given": given, "going_on": row["state"] not in FINAL}


INSTRUCTIONS: Final = Resource(
    id="instructions",
    title=N_("Instruction management"),
    one=N_("instruction"),
    many=N_("instructions"),
    area="commands",
    listing=LISTING,
    menu=Menu("system-maintenance", 10, icon="send", key="g i"),
    intro=N_("What systems were told to do: each instruction is a command for one or many."),
    columns=(
        Column("name", N_("Command"), choices=titles),
        Column("sn", N_("Serial number"), "code", help=N_("Where it is for one system")),
        Column("targets", N_("Systems"), "number"),
        Column("parameters", N_("Values")),
        Column("state", N_("State"), "mark", marks=OVERALL),
        Column("progress", N_("Over")),
        Column("risk", N_("Risk"), choices=RISKS),
        Column("created_by", N_("Given by")),
        Column("created_at", N_("Given"), "time"),
        Column("approved_by", N_("Approved by")),
        Column("reason", N_("Reason")),
        Column("slot", N_("Component"), "code", shown=False),
        Column("not_before", N_("Not before"), "time", shown=False),
        Column("approve_until", N_("To be approved until"), "time", shown=False),
        Column("approved_at", N_("Approved"), "time", shown=False),
        Column("replaces", N_("Replaces"), "code", link="/instructions/{replaces}", shown=False),
        Column("id", N_("Id"), "code", shown=False),
        Column("digest", N_("Digest"), "code", shown=False),
    ),
    filters=(
        FilterField("sn", N_("Serial number"), hint=SN_HINT, first=True),
        FilterField("name", N_("Command"), choices=titles, first=True),
        FilterField("state", N_("State of a command"), choices=STATES, first=True),
        FilterField("created_by", N_("Given by"), first=True),
        FilterField("created_at", N_("Given")),
    ),
    actions=(
        *APPROVING,
        Action(
            "cancel",
            N_("Withdraw"),
            _cancel,
            icon="x",
            confirm=N_("Commands that were not sent yet are withdrawn; the others go on."),
            applies=lambda row: row["unsent"] > 0,
            audited=False,
        ),
    ),
    complete=_with_progress,
    needs=("id", "unsent", "targets"),
    list_context=_may_instruct,
    detail_context=_about,
    refresh=5,
    template="resource/instructions.html.jinja",
    detail_template="resource/instruction.html.jinja",
    empty=Empty(N_("Nothing was instructed yet"), N_("Nobody has told a system anything."), "send"),
)

COMMANDS: Final = Resource(
    id="commands",
    title=N_("Commands by system"),
    one=N_("command"),
    many=N_("commands"),
    area="commands",
    listing=COMMANDS_LISTING,
    menu=Menu("system-maintenance", 11, icon="terminal-2"),
    intro=N_("What each system was told, one by one, and how far it is with it."),
    columns=(
        Column("name", N_("Command"), choices=titles),
        Column("sn", N_("Serial number"), "code", link="/systems/{sn}/commands"),
        Column("slot", N_("Component"), "code"),
        Column("parameters", N_("Values")),
        Column("state", N_("State"), "mark", marks=COMMAND),
        Column("reason", N_("Said")),
        Column("created_by", N_("Given by")),
        Column("created_at", N_("Given"), "time"),
        Column("changed_at", N_("Changed"), "time"),
        Column("instruction_id", N_("Instruction"), "code", link="/instructions/{instruction_id}"),
        Column("late", N_("Answered late"), "flag", shown=False),
        Column("not_before", N_("Not before"), "time", shown=False),
        Column("expires_at", N_("Expires"), "time", shown=False),
        Column("sent_at", N_("Sent"), "time", shown=False),
        Column("acked_at", N_("Answered"), "time", shown=False),
        Column("finished_at", N_("Ended"), "time", shown=False),
        Column("frame", N_("Bytes"), "bytes", shown=False),
        Column("id", N_("Id"), "code", shown=False),
    ),
    filters=(
        FilterField("sn", N_("Serial number"), hint=SN_HINT, first=True),
        FilterField("name", N_("Command"), choices=titles, first=True),
        FilterField("state", choices=STATES, first=True),
        FilterField("created_by", N_("Given by"), first=True),
        FilterField("created_at", N_("Given")),
        FilterField("instruction", N_("Instruction"), hint=N_("Its whole id")),
    ),
    actions=(
        Action(
            "cancel",
            N_("Withdraw"),
            _cancel_command,
            icon="x",
            confirm=N_("Commands that were not sent yet are withdrawn; the others go on."),
            applies=lambda row: State(row["state"]) in UNSENT and row["instruction_id"] is not None,
            audited=False,
        ),
    ),
    complete=_in_words,
    detail_context=_course,
    refresh=5,
    detail_template="resource/command.html.jinja",
    empty=Empty(N_("No command was given yet"), N_("Nobody has told a system anything."), "send"),
)

RESOURCES: Final = (INSTRUCTIONS, COMMANDS)
