"""An order for one or many systems, and what it would do at each of them."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final

from attrs import field, frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit.chain import canonical
from core.commanding.dry_runs import Change, changes_of
from core.commanding.grid_limits import GridLimits, limits_for
from core.commanding.parameters import Checked
from core.commanding.policy import FURTHEST, LIFE, LONGEST_LIFE, MOST, RISKS, needs_approval
from core.commanding.records import CommandRequest, checked_for
from core.commanding.targets import Target, find
from core.effective import EffectiveModel
from core.fleet.serial_number_life import chunks
from core.records import RequestError
from core.registry import Part, Registry
from core.telemetry.readings import Readings, latest_of_all
from core.thing_model.command import Risk
from core.thing_model.problems import Problem

LONGEST: Final = {"reason": 1_000, "key": 64}


def _once(sns: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sns))


@frozen
class Order:
    """What somebody wants systems to do, and when.

    sns: serial numbers; one that is named twice counts once. not_before: UTC milliseconds, None for
    now. life: how many milliseconds a command may wait for its device once it is due.
    key: an idempotency key; whoever gives the same order again with it gets the first one's
    instruction. partial: leave out the systems that cannot do it, and order the others.
    """

    request: CommandRequest
    sns: tuple[str, ...] = field(converter=_once)
    reason: str = ""
    not_before: int | None = None
    life: int = LIFE
    key: str = ""
    partial: bool = False


@frozen(eq=False)
class Tried:
    """What an order would do at one system; the frame is empty where there are problems.

    away: the device is offline. missing: why it lacks the function that the command serves.
    notes: the rules of the grid that bind what is said.
    """

    sn: str
    away: bool = False
    missing: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    proof: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    target: Target | None = None
    checked: Checked | None = None
    notes: tuple[str, ...] = ()

    @property
    def frame(self) -> bytes:
        return self.checked.frame if self.checked and not self.problems else b""


@frozen(eq=False)
class Trial:
    """What an order would do: each system in the order's order, and what is wrong with it as such.

    risk: the highest of the systems', whose declarations may differ. digest: what a second person
    would approve.
    """

    systems: tuple[Tried, ...]
    problems: tuple[Problem, ...]
    risk: Risk
    digest: str

    @property
    def ready(self) -> tuple[Tried, ...]:
        return tuple(each for each in self.systems if not each.problems)

    @property
    def away(self) -> tuple[Tried, ...]:
        return tuple(each for each in self.systems if each.away)

    @property
    def missing(self) -> tuple[Tried, ...]:
        return tuple(each for each in self.systems if each.missing)

    @property
    def needs_approval(self) -> bool:
        return needs_approval(self.risk, len(self.ready))


def digest(request: CommandRequest, sns: Iterable[str], not_before: int | None) -> str:
    """SHA-256, in hex, of what is to be done, to whom and when, whatever the order of the names."""
    what = {
        "slot": request.slot,
        "command": request.name,
        "parameters": dict(request.parameters),
        "systems": sorted(sns),
        "not_before": not_before,
    }
    return sha256(canonical(what).encode()).hexdigest()


async def dry_run(
    connection: AsyncConnection, registry: Registry, access: Access, order: Order, now: int
) -> Trial:
    """Check and encode for each system, with current → new of every value; nothing is sent.

    Needs the same permissions as giving the order; raises AccessError.
    """
    check_access(access, len(order.sns))
    targets = await find(connection, registry, access, order.sns[:MOST])
    readings: dict[int, Readings] = {}
    for some in chunks(list(targets)):
        ids = [targets[sn].record.id for sn in some]
        readings |= await latest_of_all(connection, ids)
    limits = await _limits(connection, registry, order, targets)
    return _trial(order, targets, readings, limits, now)


async def check(
    connection: AsyncConnection, registry: Registry, access: Access, order: Order, now: int
) -> Trial:
    """The same without what the systems report now."""
    check_access(access, len(order.sns))
    targets = await find(connection, registry, access, order.sns[:MOST])
    limits = await _limits(connection, registry, order, targets)
    return _trial(order, targets, {}, limits, now)


def check_access(access: Access, systems: int) -> None:
    """Raises AccessError: `systems:command` is needed, for several at once `commands:bulk` too."""
    access.require("systems:command")
    if systems > 1:
        access.require("commands:bulk")


def refusals(trial: Trial, order: Order) -> tuple[Problem, ...]:
    """Everything that speaks against giving an order that was tried; its systems' by their name."""
    problems = list(trial.problems)
    if not order.partial:
        many = len(trial.systems) > 1
        for each in trial.systems:
            for problem in each.problems:
                where = f"{each.sn}: {problem.where}" if many else problem.where
                problems.append(Problem(where, problem.what, problem.hint))
    elif not trial.ready and not trial.problems:
        what = "none of the systems can do it"
        problems.append(Problem("sns", what, "the dry run tells why, system by system"))
    return tuple(problems)


async def _limits(
    connection: AsyncConnection, registry: Registry, order: Order, targets: Mapping[str, Target]
) -> GridLimits:
    """The rules of the grid that bind what is ordered, where the systems are."""
    models = {each.model for each in targets.values() if each.model}
    parts = [part for m in models if (part := m.system.parts.get(order.request.slot))]
    meant = [(part, c) for part in parts if (c := part.commands.get(order.request.name))]
    ids = [each.record.id for each in targets.values()]
    return await limits_for(connection, registry, ids, meant)


def _trial(
    order: Order,
    targets: Mapping[str, Target],
    readings: Mapping[int, Readings],
    limits: GridLimits,
    now: int,
) -> Trial:
    models = {each.model for each in targets.values() if each.model}
    words = {model: _Words.of(model, order.request) for model in models}
    tried = tuple(_tried(sn, targets.get(sn), words, readings, limits) for sn in order.sns[:MOST])
    ready = [each for each in tried if not each.problems]
    risks: list[Risk] = [RISKS[0], *(each.checked.command.risk for each in ready if each.checked)]
    return Trial(
        tried,
        tuple(_order_problems(order, now)),
        max(risks, key=RISKS.index),
        digest(order.request, [each.sn for each in ready], order.not_before),
    )


@frozen(eq=False)
class _Words:
    """A request in the words of one model: the same for every system that has it."""

    part: Part | None
    checked: Checked | None
    missing: tuple[str, ...]
    problems: tuple[Problem, ...]

    @classmethod
    def of(cls, model: EffectiveModel, request: CommandRequest) -> "_Words":
        try:
            part, checked = checked_for(model.system, request)
        except RequestError as error:
            outdated = model.outdated(request.slot, request.name)
            return cls(None, None, (), _not_offered([outdated]) if outdated else error.problems)
        missing = tuple(_missing(model, request.name))
        return cls(part, checked, missing, (*checked.problems, *_not_offered(missing)))


def _tried(
    sn: str,
    target: Target | None,
    words: Mapping[EffectiveModel, _Words],
    readings: Mapping[int, Readings],
    limits: GridLimits,
) -> Tried:
    if target is None:
        return Tried(sn, problems=(Problem("sn", f"{sn!r} is not registered", "look it up"),))
    if target.model is None:
        what = f"its product model {target.record.product_id} is not loaded"
        problem = Problem("sn", what, "`thingwright plugins` tells which are")
        return Tried(sn, target.is_away, problems=(problem,), target=target)
    said = words[target.model]
    if said.part is None or said.checked is None:
        return Tried(sn, target.is_away, problems=said.problems, target=target)
    id_, part = target.record.id, said.part
    problems = (*said.problems, *limits.problems(id_, part, said.checked))
    if target.is_away and said.checked.command.offline == "refuse":
        what = "the device is offline, and this command is not kept for later"
        problems += (Problem("sn", what, _LEAVE_OUT),)
    return Tried(
        sn,
        target.is_away,
        said.missing,
        changes_of(part, said.checked, readings.get(id_, {})),
        tuple(said.checked.expected),
        problems,
        target,
        said.checked,
        limits.notes(id_, part, said.checked.command),
    )


def _not_offered(reasons: Iterable[object]) -> tuple[Problem, ...]:
    return tuple(Problem("command", f"is not offered: {why}", _LEAVE_OUT) for why in reasons)


def _missing(model: EffectiveModel, command: str) -> Iterator[str]:
    """Why a command is not offered: each function that would be enough, and what it lacks."""
    for state in model.withheld.get(command, ()):
        yield f"{state.function.label}: {', '.join(map(str, state.missing))}"


def _order_problems(order: Order, now: int) -> Iterator[Problem]:
    if not order.sns:
        yield Problem("sns", "no system is named", "name at least one serial number")
    if len(order.sns) > MOST:
        what = f"{len(order.sns)} systems are more than {MOST}"
        yield Problem("sns", what, "give several instructions")
    if not 0 < order.life <= LONGEST_LIFE:
        what = f"{order.life} is no time to wait for a device"
        yield Problem("life", what, f"1 to {LONGEST_LIFE} milliseconds")
    if order.not_before is not None and not now <= order.not_before <= now + FURTHEST:
        yield Problem("not_before", "is over, or too far ahead", "within the next 366 days")
    for name, longest in LONGEST.items():
        if len(getattr(order, name)) > longest:
            yield Problem(name, f"is longer than {longest} characters", "shorten it")


_LEAVE_OUT: Final = "leave the system out, or give it later"
