"""One payload tried on one plugin: all that can be told of it, without a device or a database."""

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from core.plugin import Plugin
from core.registry import Channel, Part, part_of
from core.thing_model.datapoint import Datapoint
from core.thing_model.fault import Fault, raised
from core.thing_model.layout.binary import Span
from core.thing_model.layout.codec import Trace
from core.thing_model.layout.fields import Value
from core.thing_model.problems import DecodeError
from core.thing_model.product import Mounted

NOWHERE: Final = Trace(None, ())


@frozen
class TriedValue:
    """What a payload says of one key; `row` is its declaration.

    value: None where it is absent or not believed; then `implausible` has what the payload said and
    `reason` why that is not believed. raw: the number before scale; spans: its bytes, from the
    first to the one behind the last. A computed value has neither.
    """

    key: str
    row: Datapoint | None
    value: Value
    raw: Value = None
    spans: tuple[Span, ...] = ()
    implausible: Value = None
    reason: str = ""


@frozen
class Trial:
    """The values of a payload in the order of the channel, and the faults that they raise."""

    values: tuple[TriedValue, ...]
    faults: tuple[Fault, ...]

    @property
    def said(self) -> Mapping[str, Value]:
        """What the payload says by key, believed or not, without what is absent."""
        pairs = ((v.key, v.implausible if v.reason else v.value) for v in self.values)
        return {key: value for key, value in pairs if value is not None}


def part_alone(plugin: Plugin, variant: str = "", firmware: str = "") -> Part:
    """What a plugin declares for a variant and firmware, mounted in no product."""
    model = f"{plugin.name}.{variant}" if variant else plugin.name
    return part_of(plugin, "", Mounted(model), firmware)


def tried(part: Part, channel: Channel, payload: bytes) -> Trial:
    """Read a payload as ingest does; raises DecodeError where it cannot be read as a whole."""
    values, refused = channel.read(payload)
    known = dict(zip(channel.keys, values, strict=True))
    traces, said = channel.codec.trace(payload), channel.all_values(payload)
    errors = {error.datapoint: error for error in refused}

    def told(key: str, value: Value) -> TriedValue:
        trace, row = traces.get(key, NOWHERE), part.datapoints.get(key)
        error: DecodeError | None = errors.get(key)
        doubted = (said[key], error.reason) if error else (None, "")
        return TriedValue(key, row, value, trace.raw, tuple(trace.spans), *doubted)

    return Trial(
        tuple(told(key, value) for key, value in known.items()),
        tuple(raised(channel.faults, known)),
    )
