"""What every compiled layout offers, whatever its kind."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import frozen

from core.thing_model.layout.binary import Span
from core.thing_model.layout.fields import Value
from core.thing_model.plausibility import Range


@frozen
class Trace:
    """Where a value came from: its raw number (or hex text) and the bytes that said it."""

    raw: Value
    spans: tuple[Span, ...]


class Codec(Protocol):
    """A layout, compiled. `keys` names the values of the tuple that `decode` returns, in order."""

    @property
    def keys(self) -> tuple[str, ...]: ...

    @property
    def source(self) -> str:
        """The generated decoder, to be read by people; empty where none is generated."""
        ...

    def decode(self, data: bytes, /) -> Sequence[Value]:
        """Read a payload; None is an absent value. Raises DecodeError."""
        ...

    def decode_checked(self, data: bytes, /) -> Sequence[Value]:
        """As `decode`, and a value outside its datapoint's range is a DecodeError too."""
        ...

    def encode(self, values: Mapping[str, Value], /) -> bytes:
        """The payload that says `values`; the inverse of `decode`. Raises EncodeError."""
        ...

    def trace(self, data: bytes, /) -> dict[str, Trace]:
        """Raw number and byte spans of every value that is in the payload."""
        ...


def outside(value: Value, limits: Range | None) -> bool:
    """Whether a value lies outside its plausible range; absent values and text never do."""
    if limits is None or value is None or isinstance(value, str | bool):
        return False
    low, high = limits
    return (low is not None and value < low) or (high is not None and value > high)


def implausible(value: Value, limits: Range) -> str:
    """The reason that a DecodeError gives for a value outside its range."""
    low, high = ("open" if limit is None else f"{limit:g}" for limit in limits)
    return f"{value} is outside its range {low} to {high}"
