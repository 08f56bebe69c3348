"""How frames become a roll-up: a fold over the frames of a channel in the order of their times.

A bucket is five minutes of UTC, named by its first millisecond. Its roll-up is what the fold makes
of the frames in it, beginning with what was believed at the end of the bucket before. So it is a
function of the stored frames alone, whatever their order of arrival; and what a counter counted
between two readings, be there a gap between them, belongs to the bucket of the later reading: sums
of buckets telescope to the counter's difference.

Only frames whose clock can be right have a place in time: from 2020 on, and at most AHEAD before
their receipt.
"""

import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeGuard

import msgspec
from attrs import frozen
from msgspec import Struct, field

from core.registry import Channel
from core.thing_model.layout.fields import Value
from core.thing_model.plausibility import Belief, ImplausibleError, Plausibility
from core.thing_model.problems import DecodeError
from core.thing_model.roles import ROLES

BUCKET: Final = 300_000
AHEAD: Final = 300_000
UNSET_CLOCK: Final = 1_577_836_800_000
"""2020-01-01: a device clock before that has never been set."""
HUGE: Final = 1e300
_NUMBERS: Final = (int, float)
_NOTHING_COUNTED: Final = (0, 0, 0)

Cell = list[float]
"""Of a power or state of charge: number, smallest, sum, largest, last. Of a counter: number of
readings, growth, last."""
Place = tuple[int, int, int]
"""What orders the frames of a channel: device time, boot id, sequence as the tables keep it."""


class Closed(Struct, array_like=True):
    """A roll-up: cells by datapoint key, and what is believed at its end."""

    cells: dict[str, Cell] = field(default_factory=dict[str, Cell])
    beliefs: dict[str, Belief] = field(default_factory=dict[str, Belief])


class Open(Struct, array_like=True):
    """A roll-up that still grows, in the order of a plan's entries, and its last frame."""

    plan: int
    bucket: int
    device_time: int
    boot_id: int
    sequence: int
    cells: list[Cell | None]
    beliefs: list[Belief | None]

    @property
    def place(self) -> Place:
        return self.device_time, self.boot_id, self.sequence


@frozen
class Entry:
    """A value that is judged (`rule`), rolled up (`kept`), or both; `index` is its place."""

    index: int
    key: str
    rule: Plausibility | None
    counts: bool
    kept: bool


@frozen(eq=False)
class Plan:
    """What the fold looks at in a channel. `number` changes when that does.

    `judged`, `counters` and `gauges` are the entries that are judged or kept: the number of each
    and its place among the values, so that a frame is not asked about the others.
    """

    channel: Channel
    entries: tuple[Entry, ...]
    number: int
    judged: tuple[tuple[int, int, Plausibility], ...]
    counters: tuple[tuple[int, int], ...]
    gauges: tuple[tuple[int, int], ...]

    def begin(self, bucket: int, before: Mapping[str, Belief]) -> Open:
        """An empty bucket after what is believed `before`, by datapoint key."""
        beliefs = [_copy(before.get(entry.key)) if entry.rule else None for entry in self.entries]
        return Open(self.number, bucket, 0, 0, 0, [None] * len(self.entries), beliefs)

    def following(self, open_: Open, bucket: int) -> Open:
        """The next bucket, where nothing lies between."""
        cells: list[Cell | None] = [None] * len(self.entries)
        return Open(self.number, bucket, *open_.place, cells, open_.beliefs)

    def close(self, open_: Open) -> Closed:
        """The roll-up as it is kept."""
        names = [entry.key for entry in self.entries]
        return Closed(
            {k: cell for k, cell in zip(names, open_.cells, strict=True) if cell},
            {k: each for k, each in zip(names, open_.beliefs, strict=True) if each},
        )

    def take(
        self, open_: Open, place: Place, values: Sequence[Value]
    ) -> tuple[Sequence[Value], tuple[DecodeError, ...]]:
        """Add the next frame; returns the values that are believed, and what is said of others."""
        open_.device_time, open_.boot_id, open_.sequence = place
        beliefs, at = open_.beliefs, place[0]
        grown: dict[int, float | None] = {}
        refused: list[DecodeError] = []
        for n, index, rule in self.judged:
            value = values[index]
            if not _is_number(value):
                continue
            try:
                beliefs[n], grown[n] = rule.believe(beliefs[n], value, at)
            except ImplausibleError as error:
                refused.append(DecodeError(self.entries[n].key, 0, str(error)))
        if refused:
            values = self.channel.without(values, {error.datapoint for error in refused})
        self._count(open_.cells, values, grown)
        self._gauge(open_.cells, values)
        return values, tuple(refused)

    def _count(
        self, cells: list[Cell | None], values: Sequence[Value], grown: Mapping[int, float | None]
    ) -> None:
        for n, index in self.counters:
            value = values[index]
            if _is_number(value):
                number, growth, _ = cells[n] or _NOTHING_COUNTED
                cells[n] = [number + 1, growth + (grown.get(n) or 0), value]

    def _gauge(self, cells: list[Cell | None], values: Sequence[Value]) -> None:
        for n, index in self.gauges:
            value = values[index]
            if not _is_number(value):
                continue
            if (cell := cells[n]) is None:
                cells[n] = [1, value, value, value, value]
                continue
            cell[0] += 1
            cell[2] += value
            cell[4] = value
            if value < cell[1]:
                cell[1] = value
            elif value > cell[3]:
                cell[3] = value


def _is_number(value: Value) -> TypeGuard[float]:
    """Whether it is a number that can be added up: neither infinite nor none, nor a flag."""
    return isinstance(value, _NUMBERS) and value is not True and -HUGE < value < HUGE


def _copy(belief: Belief | None) -> Belief | None:
    return None if belief is None else msgspec.structs.replace(belief)


@lru_cache(maxsize=4096)
def plan_of(channel: Channel) -> Plan:
    """What is folded of a channel: values with a role, and those judged by the one before."""
    entries: list[Entry] = []
    for index, key in enumerate(channel.keys):
        if (row := channel.rows.get(key)) is None:
            continue
        rules = row.plausibility
        counts = row.role is not None and ROLES[row.role].counter
        if row.role is not None or rules.looks_back:
            rule = rules if rules.looks_back else None
            kept = row.role is not None and (not counts or rules.counter == "total")
            entries.append(Entry(index, key, rule, counts, kept))
    said = repr([(e.index, e.key, e.counts, e.kept, e.rule) for e in entries])
    return Plan(
        channel,
        tuple(entries),
        zlib.crc32(said.encode()),
        tuple((n, e.index, e.rule) for n, e in enumerate(entries) if e.rule),
        tuple((n, e.index) for n, e in enumerate(entries) if e.kept and e.counts),
        tuple((n, e.index) for n, e in enumerate(entries) if e.kept and not e.counts),
    )


def bucket_of(device_time: int) -> int:
    """The bucket in which a time lies."""
    return device_time - device_time % BUCKET


def moment_of(device_time: int, receive_time: int) -> int:
    """The device's time, or that of receipt where its clock cannot be right."""
    return device_time if UNSET_CLOCK <= device_time <= receive_time else receive_time


def is_credible(device_time: int, receive_time: int) -> bool:
    """Whether a frame has a place in time."""
    return UNSET_CLOCK <= device_time <= receive_time + AHEAD
