"""The mutation score: whether the vectors would notice a wrong declaration.

For each field of each decoder and command, and for each fault, the declaration is changed in one
respect. A mutant is caught when some vector then reads another value than it says, or none. Only
the changed field is read again, by the same plain reading that compiled decoders must agree with;
a command's bytes are read back for this, which is the same as sending them.

Where no frame can tell a mutant apart it is not made, by three rules. A constant of a command is
one value, which the bytes of one vector prove whole. A parameter of a command whose range, limits
or choices a signed and an unsigned number write alike has no sign to be wrong about. Nor has a
count of elements, where the most that are declared are fewer than a sign would need.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from attrs import frozen

from core.conformance.mutants import Mutant, fault_mutants, field_mutants, json_mutants
from core.conformance.payload import Payload, Reading, blocks, inner, repeats
from core.conformance.subject import Finding, Proven, Subject, same, scope_of
from core.plugin import scope_text
from core.registry import Part
from core.thing_model.command import Command
from core.thing_model.datapoint import Datapoint
from core.thing_model.layout.binary import Binary, fields
from core.thing_model.layout.documents import JsonField, JsonObject, compile_json
from core.thing_model.layout.fields import Field, Value
from core.thing_model.layout.layouts import Layout
from core.thing_model.plausibility import Range
from core.thing_model.problems import DecodeError
from core.vectors import CommandVector


@frozen
class Score:
    """How many mutants were made, and the names of those that no vector notices."""

    made: int = 0
    survivors: tuple[str, ...] = ()

    @property
    def caught(self) -> int:
        return self.made - len(self.survivors)

    def __str__(self) -> str:
        return f"{self.caught}/{self.made}"


@frozen
class Witness:
    """A payload and what a vector says of it; `partial` where it is silent on other keys."""

    layout: Layout
    data: bytes
    said: Mapping[str, Value]
    partial: bool = False

    def expects(self, key: str) -> bool:
        return not self.partial or key in self.said


@frozen
class Trial:
    """A layout and its witnesses; `constants` are not tried, `unsigned` not for their sign."""

    name: str
    layout: Layout
    witnesses: tuple[Witness, ...]
    constants: frozenset[str] = frozenset()
    unsigned: frozenset[str] = frozenset()


@lru_cache
def mutation_score(subject: Subject) -> Score:
    """Make every mutant of a plugin and see which ones its vectors notice."""
    verdicts = [
        verdict
        for trial in (*_decoders(subject), *_commands(subject))
        for verdict in subject.budget.watched(_layout_verdicts(trial))
    ]
    verdicts += subject.budget.watched(_fault_verdicts(subject))
    return Score(len(verdicts), tuple(name for name, caught in verdicts if not caught))


def mutations(subject: Subject) -> Iterator[Finding]:
    """Every mutant of a declaration is noticed by a vector."""
    score = mutation_score(subject)
    hint = "a vector needs raw numbers that would read differently"
    for name in score.survivors:
        yield Finding("mutations", name, f"is not noticed ({score} are)", hint)


def _decoders(subject: Subject) -> Iterator[Trial]:
    proven = list(subject.proven())
    for decoder in subject.plugin.decoders:
        witnesses = tuple(_witness(p) for p in proven if p.decoder is decoder)
        counts = frozenset(_counts_without_sign(decoder.layout))
        yield Trial(scope_of(decoder), decoder.layout, witnesses, unsigned=counts)


def _witness(proven: Proven) -> Witness:
    vector = proven.vector
    return Witness(proven.decoder.layout, vector.data, vector.values, vector.partial)


def _commands(subject: Subject) -> Iterator[Trial]:
    vectors = [(subject.part(v), v) for v in subject.vectors.commands if not v.unavailable]
    for command in subject.plugin.commands:
        own = [(part, v) for part, v in vectors if part.commands.get(v.command) is command]
        yield Trial(
            f"{command.name} {scope_text(command.variants, command.firmware)}".rstrip(),
            command.writes,
            tuple(_sent(command, vector) for _, vector in own),
            frozenset(command.constants),
            frozenset(_without_sign(command, [part for part, _ in own])),
        )


def _sent(command: Command, vector: CommandVector) -> Witness:
    said = {**command.constants, **vector.parameters}
    return Witness(command.writes, vector.data, said)


def _without_sign(command: Command, parts: Iterable[Part]) -> Iterator[str]:
    """Parameters whose allowed values are written alike with a sign and without."""
    rows = {key: row for part in parts for key, row in part.datapoints.items()}
    for item in _binary_fields(command.writes):
        low, high = _allowed(command, rows[item.key]) if item.key in rows else (None, None)
        if low is None or high is None or not item.whole:
            continue
        raws = (item.linear.whole_raw(low), item.linear.whole_raw(high))
        if min(raws) >= 0 and max(raws) < 1 << 8 * item.size - 1:
            yield item.key


def _allowed(command: Command, row: Datapoint) -> Range:
    if limits := command.limits.get(row.key) or row.range:
        return limits
    choices = row.enum.symbols if row.enum else ()
    return min(choices, default=None), max(choices, default=None)


def _counts_without_sign(layout: Layout) -> Iterator[str]:
    groups = {
        group.count: group.limit for _, block in blocks(layout) for group in repeats(block.items)
    }
    for item in _binary_fields(layout):
        if item.key in groups and groups[item.key] < 1 << 8 * item.size - 1:
            yield item.key


def _binary_fields(layout: Layout) -> Iterator[Field]:
    for _, block in blocks(layout):
        yield from fields(block.items)


Verdict = tuple[str, bool]


def _layout_verdicts(trial: Trial) -> Iterator[Verdict]:
    body = inner(trial.layout)
    if isinstance(body, JsonObject):
        yield from _json_verdicts(trial, body)
        return
    places = _places(trial)
    for tag, block in blocks(trial.layout):
        for item in fields(block.items):
            if item.key not in trial.constants:
                witnessed = places.get((tag, item), [])
                yield from _field_verdicts(trial, item, block, witnessed)


Witnessed = tuple[Reading, Value]
"""A value in a payload, and what the vector says that it is."""


def _places(trial: Trial) -> dict[tuple[int, Field], list[Witnessed]]:
    """Where each field stands in the payloads that read as they should."""
    found: dict[tuple[int, Field], list[Witnessed]] = {}
    for witness in trial.witnesses:
        try:
            readings = list(Payload.of(witness.layout, witness.data).readings())
        except DecodeError:
            continue  # the rule `frames` tells of it
        for reading in readings:
            key = reading.placed.key
            said = witness.said.get(key)
            if witness.expects(key) and same(said, reading.value, single=reading.single):
                place = (reading.section.tag, reading.placed.field)
                found.setdefault(place, []).append((reading, said))
    return found


def _field_verdicts(
    trial: Trial, item: Field, block: Binary, witnessed: list[Witnessed]
) -> Iterator[Verdict]:
    for mutant in field_mutants(item, block):
        if item.key in trial.unsigned and mutant.name.startswith("sign"):
            continue
        caught = any(_differs(mutant, reading, said) for reading, said in witnessed)
        yield f"{trial.name}.{item.key} {mutant.name}", caught


def _differs(mutant: Mutant, reading: Reading, said: Value) -> bool:
    try:
        value = reading.read_as(mutant.place(reading.placed), mutant.block(reading.section.block))
    except DecodeError:
        return True
    return not same(said, value, single=reading.single)


def _json_verdicts(trial: Trial, layout: JsonObject) -> Iterator[Verdict]:
    for item in layout.fields:
        if item.key in trial.constants:
            continue
        for name, mutant in json_mutants(item):
            alone = JsonObject((mutant,), layout.numeric_text)
            caught = any(_json_differs(alone, item, witness) for witness in trial.witnesses)
            yield f"{trial.name}.{item.key} {name}", caught


def _json_differs(alone: JsonObject, item: JsonField, witness: Witness) -> bool:
    if not witness.expects(item.key):
        return False
    try:
        body = Payload.of(witness.layout, witness.data).body
        (value,) = compile_json(alone, {}).decode(body)
    except DecodeError as error:
        return error.datapoint == item.key or witness.said.get(item.key) is not None
    return not same(witness.said.get(item.key), value)


def _fault_verdicts(subject: Subject) -> Iterator[Verdict]:
    vectors = [(subject.part(v), v) for v in subject.vectors.faults]
    for fault in subject.plugin.faults:
        own = [v for part, v in vectors if any(known is fault for known in part.faults)]
        for name, mutant in fault_mutants(fault):
            caught = any(
                mutant.raised(vector.values.get(fault.datapoint)) != (fault.code in vector.raises)
                for vector in own
            )
            yield f"{fault.code} {name}", caught
