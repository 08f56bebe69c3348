"""What the vectors of a family of hybrid inverters follow from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hybrid_rows import Row, as_it_is

Command = tuple[Any, ...]
"""Name, Modbus function, register points in their order ("=" before constants), raw numbers."""


@dataclass(frozen=True)
class Family:
    """`blocks`: channel, and then table, first register and numbers of registers of an answer.

    `left_out` are registers that a channel does not read, though they lie in its answer; `faults`
    the words of fault bits and their sizes, `bits` the codes in one of them.
    """

    facts: str
    blocks: Mapping[str, tuple[Any, ...]]
    commands: Sequence[Command] = ()
    faults: Mapping[str, int] = field(default_factory=dict)
    bits: Callable[[str], dict[int, str]] = lambda _: {}
    variant: str = ""
    departures: Callable[[Row], Iterator[Row]] = as_it_is
    scaled_by: Mapping[str, str] = field(default_factory=dict)
    computed: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {}
    left_out: Mapping[str, range] = field(default_factory=dict)

    def holds(self, row: Row, channel: str) -> bool:
        """Whether a channel reads the row: its first register lies in the answer."""
        wanted, first, *counts = self.blocks[channel]
        at = int((row["register_list"] or row["address"]).split(";")[0])
        inside = at in range(first, first + max(counts))
        return row["table"] == wanted and inside and at not in self.left_out.get(channel, ())


def holding(**blocks: tuple[int, ...]) -> dict[str, tuple[Any, ...]]:
    return {channel: ("holding", *block) for channel, block in blocks.items()}


def inputs(**blocks: tuple[int, ...]) -> dict[str, tuple[Any, ...]]:
    return {channel: ("input", *block) for channel, block in blocks.items()}
