"""What is examined: a plugin, its vectors, and the parts that its variants make."""

import math
from collections.abc import Iterator

from attrs import define, field, frozen

from core.conformance.budget import Budget
from core.plugin import Plugin
from core.registry import Channel, Part, Registry
from core.thing_model.decoder import Decoder
from core.thing_model.layout.fields import Value
from core.thing_model.problems import DecodeError, ModelError, Problem
from core.trial import part_alone
from core.vectors import FrameVector, Vector, Vectors, read_vectors


@frozen
class Finding:
    """What a rule found wrong with a plugin: the rule, the place, and how to mend it."""

    rule: str
    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}: {self.what}" + (f" ({self.hint})" if self.hint else "")


class NotHereError(Exception):
    """A rule cannot be tried on this machine; the message says why."""


@frozen
class Proven:
    """A good frame at hand: its vector and the channel that reads it."""

    vector: FrameVector
    channel: Channel

    @property
    def decoder(self) -> Decoder:
        return self.channel.decoder

    def expects(self, key: str) -> bool:
        """Whether the vector says what the value of this key is, be it absent."""
        return not self.vector.partial or key in self.vector.values


@define(eq=False)
class Subject:
    """A loaded plugin with its vectors; `unread` is what is wrong with the vector files.

    Looking at a vector, or at what it proves, asks the `budget`.
    """

    plugin: Plugin
    registry: Registry
    vectors: Vectors = field(factory=Vectors)
    unread: tuple[Problem, ...] = ()
    budget: Budget = field(factory=Budget)
    _parts: dict[tuple[str, str], Part] = field(factory=dict[tuple[str, str], Part], repr=False)

    @classmethod
    def of(cls, plugin: Plugin, registry: Registry, budget: Budget | None = None) -> "Subject":
        budget = budget or Budget()
        try:
            vectors = read_vectors(plugin.folder)
        except ModelError as error:
            return cls(plugin, registry, unread=error.problems, budget=budget)
        if strangers := tuple(_strangers(vectors, plugin)):
            return cls(plugin, registry, unread=strangers, budget=budget)
        return cls(plugin, registry, vectors, budget=budget)

    def part(self, vector: Vector) -> Part:
        """What the plugin declares for the variant and firmware of a vector."""
        self.budget.check()
        scope = (vector.variant, vector.firmware)
        if scope not in self._parts:
            self._parts[scope] = part_alone(self.plugin, *scope)
        return self._parts[scope]

    def proven(self) -> Iterator[Proven]:
        """The good frames that are at hand and whose channel exists."""
        for vector in self.budget.watched(self.vectors.frames):
            channel = self.part(vector).channels.get(vector.channel)
            if channel is not None and not vector.unavailable:
                yield Proven(vector, channel)


def _strangers(vectors: Vectors, plugin: Plugin) -> Iterator[Problem]:
    """Vectors of variants that the plugin does not have."""
    known = {"", *plugin.variants}
    for vector in vectors:
        if vector.variant not in known:
            hint = f"declared components are {sorted(known)}"
            yield Problem(vector.where, f"is of the variant {vector.variant!r}", hint)


def scope_of(row: Decoder) -> str:
    """A decoder as people name it: channel, variants, firmware."""
    return " ".join(filter(None, (row.channel, *row.variants, str(row.firmware))))


def same(said: Value, read: Value, *, single: bool = False) -> bool:
    """Whether a value read is the one that a vector says.

    Fractions may differ by what 64-bit arithmetic loses, a `single` by what its 32 bits lose: so a
    vector can say 230.2 as the vendor's paper does.
    """
    if said == read:
        return True
    if not isinstance(said, int | float) or not isinstance(read, int | float):
        return False
    if isinstance(said, int) and isinstance(read, int):
        return False
    return math.isclose(said, read, rel_tol=1e-7 if single else 1e-12)


def sent_values(proven: Proven) -> dict[str, Value] | None:
    """What the device sent in a frame, without what follows from it; None where it is refused."""
    codec = proven.channel.codec
    try:
        return dict(zip(codec.keys, codec.decode(proven.vector.data), strict=True))
    except DecodeError:
        return None
