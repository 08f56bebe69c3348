"""The rule that plausible ranges hold at their edges, and not one raw unit beyond."""

from collections.abc import Callable, Iterator, Mapping

from attrs import frozen

from core.conformance.payload import Payload, Reading, inner, steering
from core.conformance.subject import Finding, Proven, Subject, sent_values
from core.registry import Channel
from core.thing_model.command import Command
from core.thing_model.layout.codec import outside
from core.thing_model.layout.documents import JsonField, JsonObject
from core.thing_model.layout.fields import Value
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.layout.raw import to_raw, to_value
from core.thing_model.plausibility import Range
from core.thing_model.problems import DecodeError, EncodeError
from core.vectors import CommandVector


@frozen
class Dial:
    """One value of a plausible frame that can be turned: `frame` says it with another value.

    `step` is the smallest change that the wire can say, `read` what it makes of a value.
    """

    key: str
    step: float
    read: Callable[[float], Value]
    frame: Callable[[float], bytes]


def limits(subject: Subject) -> Iterator[Finding]:
    """A value at either end of its range is read, the next one beyond is refused by its name.

    Ends that the wire cannot say are left out, and so are counts and powers of ten, which change
    what else is in the frame. Limits of a command have to be sayable.
    """
    done: set[tuple[int, int]] = set()
    for proven in subject.proven():
        if sent_values(proven) is None:
            continue  # the rule `frames` tells of it
        rows = subject.part(proven.vector).datapoints
        channel, where = proven.channel, f"channel {proven.vector.channel}"
        try:
            dials = list(_dials(proven))
        except (DecodeError, EncodeError) as error:
            hint = "every range must leave room for some value that the wire can say"
            yield Finding("limits", where, f"no plausible frame can be made: {error}", hint)
            continue
        for dial in dials:
            scope = (id(channel.decoder), id(rows[dial.key]))
            if scope not in done:
                done.add(scope)
                yield from _ends(channel, dial, where)
    for vector in subject.vectors.commands:
        if command := subject.part(vector).commands.get(vector.command):
            yield from _sayable(command, vector)


def _ends(channel: Channel, dial: Dial, where: str) -> Iterator[Finding]:
    allowed = channel.ranges[dial.key]
    for limit, inward in zip(allowed, (1, -1), strict=True):
        if limit is None:
            continue
        try:
            value = dial.read(limit)
            if outside(value, allowed):
                value = dial.read(limit + inward * dial.step)
            if not isinstance(value, int | float):
                continue
            yield from _judge(channel, dial, value, where, refused=False)
            yield from _judge(channel, dial, value - inward * dial.step, where, refused=True)
        except EncodeError:
            continue  # the wire cannot say it


def _judge(
    channel: Channel, dial: Dial, value: float, where: str, *, refused: bool
) -> Iterator[Finding]:
    low, high = channel.ranges[dial.key]
    about = f"{dial.key} = {value:.10g}, range {low}..{high}"
    try:
        channel.codec.decode_checked(dial.frame(value))
    except DecodeError as error:
        if not refused:
            yield Finding("limits", where, f"{about}, is refused: {error}")
        elif error.datapoint != dial.key:
            yield Finding("limits", where, f"{about}, is refused under another name: {error}")
    else:
        if refused:
            yield Finding("limits", where, f"{about}, is not refused")


def _sayable(command: Command, vector: CommandVector) -> Iterator[Finding]:
    codec = compile_layout(command.writes)
    for key, ends in command.limits.items():
        for end in ends:
            if end is None:
                continue
            try:
                codec.encode({**command.constants, **vector.parameters, key: end})
            except EncodeError as error:
                where = f"command {command.name}"
                yield Finding("limits", where, f"{key} = {end} cannot be sent: {error}")


def _dials(proven: Proven) -> Iterator[Dial]:
    layout = inner(proven.decoder.layout)
    if isinstance(layout, JsonObject):
        return _json_dials(proven, layout)
    return _binary_dials(proven)


def _binary_dials(proven: Proven) -> Iterator[Dial]:
    channel = proven.channel
    payload = Payload.of(channel.decoder.layout, proven.vector.data)
    ranges, steers = channel.ranges, steering(channel.decoder.layout)
    readings = [r for r in payload.readings() if r.placed.key in ranges and r.placed.field.numeric]
    moved = [
        (r, _inside(r, ranges[r.placed.key]))
        for r in readings
        if outside(r.value, ranges[r.placed.key])
    ]
    plausible = payload.put([(r, to_raw(r.placed, value, r.factor)) for r, value in moved])
    channel.codec.decode_checked(plausible.data)
    for reading in readings:
        if reading.placed.field.key not in steers:
            yield _binary_dial(plausible, reading)


def _inside(reading: Reading, allowed: Range) -> float:
    """A value of the range that the wire can say: zero, or what is nearest to an end."""
    step = _step(reading)
    ends = [end for end in allowed if end is not None]
    for value in (0, *ends, *(end + step for end in ends), *(end - step for end in ends)):
        read = _said(reading, value)
        if isinstance(read, int | float) and not outside(read, allowed):
            return read
    low, high = allowed
    raise EncodeError(reading.placed.key, f"can say nothing in its range {low}..{high}")


def _said(reading: Reading, value: float) -> Value:
    """What the wire makes of a value; None where it cannot say it."""
    try:
        raw = to_raw(reading.placed, value, reading.factor)
    except EncodeError:
        return None
    return to_value(reading.placed, raw, reading.factor)


def _step(reading: Reading) -> float:
    item = reading.placed.field
    if not item.whole:
        return abs(item.scale) * 1e-3
    if item.scaled_by is not None:
        return float(10 ** int(reading.factor or 0))
    return abs(item.scale)


def _binary_dial(payload: Payload, reading: Reading) -> Dial:
    placed, factor = reading.placed, reading.factor

    def read(value: float) -> Value:
        return to_value(placed, to_raw(placed, value, factor), factor)

    def frame(value: float) -> bytes:
        return payload.put([(reading, to_raw(placed, value, factor))]).data

    return Dial(placed.key, _step(reading), read, frame)


def _json_dials(proven: Proven, layout: JsonObject) -> Iterator[Dial]:
    channel, values = proven.channel, sent_values(proven) or {}
    plausible = {key: _clamped(value, channel.ranges.get(key)) for key, value in values.items()}
    channel.codec.decode_checked(channel.codec.encode(plausible))
    paths = [item.paths[0].lower() for item in layout.fields]
    for item in layout.fields:
        alone = paths.count(item.paths[0].lower()) == 1
        if item.kind in ("number", "whole") and item.key in channel.ranges and alone:
            yield _json_dial(channel, item, plausible)


def _clamped(value: Value, allowed: Range | None) -> Value:
    if not outside(value, allowed) or allowed is None or not isinstance(value, int | float):
        return value
    low, high = allowed
    return low if low is not None and value < low else high


def _json_dial(channel: Channel, item: JsonField, values: Mapping[str, Value]) -> Dial:
    def frame(value: float) -> bytes:
        return channel.codec.encode({**values, item.key: value})

    def read(value: float) -> Value:
        return channel.all_values(frame(value))[item.key]

    return Dial(item.key, abs(item.scale) * (1 if item.kind == "whole" else 1e-3), read, frame)
