"""An instruction that is being written: what was typed, and what its dry run found, in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import field, frozen

from core.commanding.instructions import Instruction
from core.commanding.orders import Trial, Tried
from core.fleet.search import sns_in
from core.thing_model.command import Risk
from portal.presentation.commands import shown_value, typed_value
from portal.presentation.times import Zone
from portal.texts import N_, _, translated

OURS: Final = "_"
"""What the names of fields begin with that are no values of the command."""
SHOWN: Final = 50
"""Systems of a dry run that are shown one by one."""
NAMED: Final = 5


@frozen
class Draft:
    """What the form says so far.

    sns: serial numbers as they were typed. systems: filters of the list of systems, as in its
    address. command: slot and name. at: when, as it was typed, "" for now. values: of the command.
    key: the idempotency key. digest: of what the dry run showed. confirmed: what was typed for it.
    replaces: the id of the instruction that it takes the place of.
    """

    step: str = ""
    sns: str = ""
    systems: str = ""
    command: str = ""
    at: str = ""
    reason: str = ""
    partial: bool = False
    key: str = ""
    digest: str = ""
    confirmed: str = ""
    replaces: str = ""
    values: Mapping[str, str] = field(factory=dict[str, str])

    @classmethod
    def of(cls, typed: Mapping[str, str]) -> "Draft":
        def said(name: str) -> str:
            return typed.get(OURS + name, "").strip()

        return cls(
            step=said("step"),
            sns=said("sns"),
            systems=said("systems"),
            command=said("command"),
            at=said("at"),
            reason=said("reason"),
            partial=bool(said("partial")),
            key=said("key"),
            digest=said("digest"),
            confirmed=said("confirmed"),
            replaces=said("replaces"),
            values={key: text for key, text in typed.items() if not key.startswith(OURS)},
        )

    @classmethod
    def again(cls, given: Instruction, sns: Iterable[str], zone: Zone) -> "Draft":
        """What was typed for an instruction, as it would be typed by a clock."""
        at = given.not_before
        return cls(
            step="command",
            sns="\n".join(sns),
            command=f"{given.slot}/{given.name}",
            at="" if at is None else zone.at(at).strftime("%Y-%m-%dT%H:%M:%S"),
            reason=given.reason,
            replaces=given.id,
            values={key: typed_value(value) for key, value in given.parameters.items()},
        )

    @property
    def named(self) -> list[str]:
        """The serial numbers that were typed, however they were parted."""
        return sns_in(self.sns)


@frozen
class ChangeWords:
    """A value that a command would change."""

    name: str
    current: str
    new: str


@frozen
class TriedLine:
    """A system of a dry run: what would change there, the bytes, or why it is refused."""

    sn: str
    away: bool
    changes: tuple[ChangeWords, ...]
    frame: str
    refused: str
    notes: tuple[str, ...] = ()


@frozen
class Refusal:
    """A reason, how many systems it holds for, and the first of them."""

    reason: str
    number: int
    first: tuple[str, ...]


@frozen
class TrialWords:
    """A dry run as a page shows it: those that are refused first."""

    lines: tuple[TriedLine, ...]
    refusals: tuple[Refusal, ...]
    more: int


def in_words(trial: Trial, slot: str) -> TrialWords:
    """What a dry run found, the first systems one by one."""
    first = sorted(trial.systems, key=lambda each: not each.problems)[:SHOWN]
    lines = tuple(_line(each, slot) for each in first)
    return TrialWords(lines, tuple(_refusals(trial.systems)), len(trial.systems) - len(lines))


def _line(tried: Tried, slot: str) -> TriedLine:
    changes: tuple[ChangeWords, ...] = ()
    if tried.target and tried.target.model and not tried.problems:
        part = tried.target.model.system.parts[slot]
        changes = tuple(
            ChangeWords(
                each.name,
                shown_value(part, each.key, each.current),
                shown_value(part, each.key, each.new),
            )
            for each in tried.changes
        )
    return TriedLine(
        tried.sn, tried.away, changes, tried.frame.hex(" "), _reasons(tried), tried.notes
    )


def _reasons(tried: Tried) -> str:
    return "; ".join(str(problem) for problem in tried.problems)


def _refusals(tried: Iterable[Tried]) -> Iterator[Refusal]:
    by_reason: dict[str, list[str]] = {}
    for each in tried:
        if each.problems:
            by_reason.setdefault(_reasons(each).replace(repr(each.sn), ""), []).append(each.sn)
    for reason, sns in by_reason.items():
        yield Refusal(reason, len(sns), tuple(sns[:NAMED]))


UNSURE: Final[Mapping[Risk, str]] = {
    "disruptive": N_("Tick the box that confirms it"),
    "irreversible": N_("Type the serial number to confirm it"),
}


def asked_to_confirm(risk: Risk, ready: Sequence[Tried]) -> str:
    """What has to be typed before a risk is taken: "" nothing, "yes", a serial number, a number."""
    if risk not in UNSURE or not ready:
        return ""
    if len(ready) > 1:
        return str(len(ready))
    return "yes" if risk == "disruptive" else ready[0].sn


def unsure(risk: Risk, ready: Sequence[Tried], confirmed: str) -> str:
    """A sentence where it was not confirmed."""
    asked = asked_to_confirm(risk, ready)
    if not asked or confirmed.upper() == asked.upper():
        return ""
    if len(ready) > 1:
        return _("Type the number of systems, %(number)s, to confirm it", number=asked)
    return translated(UNSURE[risk])
