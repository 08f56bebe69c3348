"""Rules that compare: what the plugin reads and writes is what its vectors say."""

from collections.abc import Container, Iterator, Mapping

from core.conformance.coverage import unshown
from core.conformance.payload import Payload, Raw, Reading
from core.conformance.subject import Finding, Proven, Subject, same, sent_values
from core.registry import Channel, Part
from core.thing_model.fault import raised
from core.thing_model.layout.fields import Value
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.logs import read_line
from core.thing_model.problems import DecodeError, EncodeError
from core.vectors import BadFrame, CommandVector, FrameVector, Vector


def frames(subject: Subject) -> Iterator[Finding]:
    """Every good frame reads as its vector says, and nothing else is in it."""
    yield from _unknown_channels("frames", subject, subject.vectors.frames)
    for proven in subject.proven():
        data, channel = proven.vector.data, proven.channel
        try:
            read = channel.all_values(data)
            singles = {r.placed.key for r in _readings(channel, data) if r.single}
        except DecodeError as error:
            yield Finding("frames", proven.vector.where, f"is refused: {error}")
            continue
        yield from _differences(proven, read, singles)
        yield from _misplaced(proven)


def _readings(channel: Channel, data: bytes) -> Iterator[Reading]:
    return Payload.of(channel.decoder.layout, data).readings()


def _unknown_channels(
    rule: str, subject: Subject, vectors: tuple[FrameVector, ...] | tuple[BadFrame, ...]
) -> Iterator[Finding]:
    for vector in vectors:
        if vector.channel not in (channels := subject.part(vector).channels):
            hint = f"channels of this variant and firmware are {', '.join(channels) or 'none'}"
            yield Finding(rule, vector.where, f"no channel is named {vector.channel!r}", hint)


def _differences(
    proven: Proven, read: Mapping[str, Value], singles: Container[str]
) -> Iterator[Finding]:
    said, where = proven.vector.values, proven.vector.where
    for key in dict.fromkeys((*read, *said)):
        value, expected = read.get(key), said.get(key)
        if not proven.expects(key) or same(expected, value, single=key in singles):
            continue
        what = f"{key} reads {value!r}, the vector says {expected!r}"
        if key not in read:
            what = f"{key} is no value of this channel"
        elif key not in said:
            what = f"{key} reads {value!r}, which `values` does not list"
        yield Finding("frames", where, what)


def _misplaced(proven: Proven) -> Iterator[Finding]:
    data = proven.vector.data
    for key, found in proven.channel.codec.trace(data).items():
        if not all(0 <= start < after <= len(data) for start, after in found.spans):
            what = f"{key} is said to lie at {found.spans}, outside of the frame"
            yield Finding("frames", proven.vector.where, what, "see `locate` of the framing")


def encoding(subject: Subject) -> Iterator[Finding]:
    """The values of every good frame make a frame that reads the same, byte for byte.

    Bytes are compared where a value says all their bits; absent values, packed ones and padded text
    can be written in several ways.
    """
    for proven in subject.proven():
        channel, data, where = proven.channel, proven.vector.data, proven.vector.where
        if (values := sent_values(proven)) is None:
            continue  # the rule `frames` tells of it
        try:
            again = channel.codec.encode(values)
            read = dict(zip(channel.codec.keys, channel.codec.decode(again), strict=True))
        except (DecodeError, EncodeError) as error:
            yield Finding("encoding", where, f"its values make no frame: {error}")
            continue
        for key, value in values.items():
            if not same(value, read[key]):
                what = f"{key} was {value!r}, and reads {read[key]!r} once encoded"
                yield Finding("encoding", where, what)
        yield from _other_bytes(where, _raws(channel, data), _raws(channel, again))


def _other_bytes(
    where: str, given: Mapping[str, Raw], again: Mapping[str, Raw]
) -> Iterator[Finding]:
    for key, raw in given.items():
        if again.get(key) != raw:
            what = f"{key} has raw number {raw!r}, and {again.get(key)!r} once encoded"
            yield Finding("encoding", where, what)


def _raws(channel: Channel, data: bytes) -> dict[str, Raw]:
    return {
        reading.placed.key: reading.raw
        for reading in _readings(channel, data)
        if reading.whole_bytes
    }


def bad_frames(subject: Subject) -> Iterator[Finding]:
    """Every bad frame ends in a DecodeError at the stated datapoint, offset and reason."""
    yield from _unknown_channels("bad_frames", subject, subject.vectors.bad_frames)
    for vector in subject.vectors.bad_frames:
        channel = subject.part(vector).channels.get(vector.channel)
        if channel is None or vector.unavailable:
            continue
        try:
            channel.codec.decode_checked(vector.data)
        except DecodeError as error:
            if not _stated(vector, error):
                said = f"{vector.datapoint} at byte {vector.offset}: … {vector.reason} …"
                yield Finding("bad_frames", vector.where, f"ends in {error}", f"it says {said}")
        else:
            yield Finding("bad_frames", vector.where, "is decoded without an error")


def _stated(vector: BadFrame, error: DecodeError) -> bool:
    return (
        error.datapoint == vector.datapoint
        and vector.offset in (None, error.offset)
        and vector.reason in error.reason
    )


def commands(subject: Subject) -> Iterator[Finding]:
    """Every command has a vector, and sends its bytes."""
    shown = [
        command
        for vector in subject.vectors.commands
        if (command := subject.part(vector).commands.get(vector.command))
    ]
    rows = ((f"command {command.name}", command) for command in subject.plugin.commands)
    yield from unshown("commands", rows, shown)
    for vector in subject.vectors.commands:
        if not vector.unavailable:
            yield from _command(subject.part(vector), vector)


def _command(part: Part, vector: CommandVector) -> Iterator[Finding]:
    command = part.commands.get(vector.command)
    if command is None:
        hint = f"commands are {', '.join(part.commands) or 'none'}"
        yield Finding("commands", vector.where, f"no command is named {vector.command!r}", hint)
        return
    codec = compile_layout(command.writes)
    if unknown := vector.parameters.keys() - (set(codec.keys) - command.constants.keys()):
        what = f"{', '.join(sorted(unknown))} is no parameter of {command.name}"
        yield Finding("commands", vector.where, what)
        return
    try:
        sent = codec.encode({**command.constants, **vector.parameters})
    except EncodeError as error:
        yield Finding("commands", vector.where, f"cannot be sent: {error}")
        return
    if sent != vector.data:
        what = f"sends {sent.hex(' ')}, the vector says {vector.data.hex(' ')}"
        yield Finding("commands", vector.where, what)


def faults(subject: Subject) -> Iterator[Finding]:
    """Every fault is raised by a vector, and each vector raises those it says and no others."""
    shown = [
        fault
        for vector in subject.vectors.faults
        for fault in subject.part(vector).faults
        if fault.code in vector.raises
    ]
    rows = ((f"fault {fault.code}", fault) for fault in subject.plugin.faults)
    yield from unshown("faults", rows, shown)
    for vector in subject.vectors.faults:
        part = subject.part(vector)
        found = {fault.code for fault in raised(part.faults, vector.values)}
        if found != set(vector.raises):
            what = f"raises {sorted(found)}, the vector says {sorted(vector.raises)}"
            yield Finding("faults", vector.where, what)
        yield from _unknown_keys(part, vector, vector.values)


def _unknown_keys(part: Part, vector: Vector, values: Mapping[str, Value]) -> Iterator[Finding]:
    for key in values:
        if key not in part.datapoints:
            yield Finding("faults", vector.where, f"{key} is no datapoint of this variant")


def log_rules(subject: Subject) -> Iterator[Finding]:
    """Every log rule reads a line of a vector, and each line reads as its vector says."""
    vectors = subject.vectors.logs
    shown = [
        rule
        for vector in vectors
        for rule in subject.part(vector).log_rules
        if read_line((rule,), vector.line) == list(vector.records)
    ]
    rows = (("log rule " + "…".join(r.line.literals), r) for r in subject.plugin.log_rules)
    yield from unshown("log_rules", rows, shown)
    for vector in vectors:
        found = read_line(subject.part(vector).log_rules, vector.line)
        if found != list(vector.records):
            what = f"reads as {found}, the vector says {list(vector.records)}"
            yield Finding("log_rules", vector.where, what)
