"""`thingwright command`: instructions, where the portal cannot be reached."""

from typing import Any

import click
import msgspec

from core.access import PLATFORM, Access
from core.accounts import users
from core.commanding import approvals, giving, instructions, orders
from core.commanding.instructions import Instruction, Progress
from core.commanding.orders import Order, Trial
from core.commanding.records import CommandRequest
from core.host import load
from core.records import RequestError
from core.runtime.clock import now
from core.thing_model.layout.fields import Value
from core.thing_model.problems import Problem
from portal.cli.processes import settings
from portal.cli.transaction import done

REASON = "by the command line"


@click.group()
def command() -> None:
    """Give, list, approve and withdraw instructions."""


@command.command()
@click.argument("sns", nargs=-1, required=True, metavar="SN...")
@click.option("--slot", required=True, help="The component that is meant, such as inverter.")
@click.option("--name", required=True, help="The command, as its plugin declares it.")
@click.option("--set", "values", multiple=True, metavar="KEY=VALUE", help="A parameter.")
@click.option("--reason", default=REASON, show_default=True)
@click.option("--key", default="", help="An idempotency key: the same order is given once.")
@click.option("--dry-run", is_flag=True, help="Say what it would do, and send nothing.")
def send(  # noqa: PLR0917  click's way
    sns: tuple[str, ...],
    slot: str,
    name: str,
    values: tuple[str, ...],
    reason: str,
    key: str,
    dry_run: bool,  # noqa: FBT001
) -> None:
    """Order one or many systems to do something, and print the instruction's id."""
    order = Order(CommandRequest(slot, name, _values(values)), sns, reason=reason, key=key)
    registry = load(settings().plugins)

    async def tried(connection: Any) -> Trial:
        return await orders.dry_run(connection, registry, PLATFORM, order, now())

    async def given(connection: Any) -> Instruction:
        return await giving.give(connection, registry, PLATFORM, order, now())

    if dry_run:
        _print_trial(done(tried), order)
        return
    made = done(given)
    click.echo(f"{made.id}{' waits for approval' if made.waits_for_approval else ''}")


@command.command("list")
@click.option("--limit", default=50, show_default=True)
def list_instructions(limit: int) -> None:
    """Print id, command, who asked and how far it is, the newest first."""

    async def found(connection: Any) -> list[tuple[Instruction, Progress]]:
        page = await instructions.page(connection, PLATFORM, limit=limit)
        progress = await instructions.progress(connection, [each.id for each in page])
        return [(each, progress[each.id]) for each in page]

    for each, progress in done(found):
        states = " ".join(f"{state}={count}" for state, count in sorted(progress.counts.items()))
        click.echo(f"{each.id}\t{each.slot} {each.name}\t{each.created_by}\t{states}")


@command.command()
@click.argument("instruction_id", metavar="ID")
@click.option("--user", required=True, help="Who approves: not who asked, and allowed to.")
def approve(instruction_id: str, user: str) -> None:
    """Let an instruction go that waits for a second person."""

    async def approved(connection: Any) -> Instruction:
        access = await _access(connection, user)
        shown = await instructions.known(connection, access, instruction_id)
        return await approvals.approve(connection, access, shown.id, shown.digest, now())

    click.echo(f"{done(approved).id} is approved by {user}")


@command.command()
@click.argument("instruction_id", metavar="ID")
@click.option("--reason", default=REASON, show_default=True)
def cancel(instruction_id: str, reason: str) -> None:
    """Withdraw those of an instruction's commands that were not sent yet."""

    async def withdrawn(connection: Any) -> int:
        return await giving.cancel(connection, PLATFORM, instruction_id, reason=reason, now=now())

    number = done(withdrawn)
    click.echo(f"{number} command{' is' if number == 1 else 's are'} withdrawn")


def _print_trial(trial: Trial, order: Order) -> None:
    for each in trial.systems:
        for change in each.changes:
            click.echo(f"{each.sn}\t{change.key}: {change.current} -> {change.new} {change.unit}")
        click.echo(f"{each.sn}\t{each.frame.hex(' ') or 'nothing can be sent'}")
        if each.away:
            click.echo(f"{each.sn}\tis offline")
    if trial.needs_approval:
        click.echo("a second person would have to approve it")
    if problems := orders.refusals(trial, order):
        raise click.ClickException("\n".join(map(str, problems)))


def _values(given: tuple[str, ...]) -> dict[str, Value]:
    """What reads as JSON is that, so a number in double quotes is a text; all else is a text."""
    values: dict[str, Value] = {}
    for each in given:
        key, sign, text = each.partition("=")
        if not sign:
            raise click.BadParameter(f"{each!r} is not KEY=VALUE", param_hint="--set")
        values[key] = _value(text)
    return values


def _value(text: str) -> Value:
    try:
        value: Value = msgspec.json.decode(text, type=str | float | int | bool)
    except msgspec.DecodeError:
        return text
    return value


async def _access(connection: Any, name: str) -> Access:
    found = await users.by_name(connection, name)
    if found is None or found[0].state != "active":
        what = f"{name!r} is nobody who is active"
        raise RequestError(Problem("user", what, "see thingwright user list"))
    return found[0].access
