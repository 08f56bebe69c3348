"""Rules that ask for evidence: nothing is declared that no vector shows."""

from collections.abc import Iterable, Iterator
from typing import Any

from core.conformance.subject import Finding, NotHereError, Subject, scope_of
from core.plugin import scope_text


def datapoints(subject: Subject) -> Iterator[Finding]:
    """Every datapoint has a value in a good frame, is sent by a command, or named by a log line."""
    shown = {id(row) for row in _datapoints_shown(subject)}
    for row in subject.plugin.datapoints:
        if id(row) not in shown:
            where = f"datapoint {row.key} {scope_text(row.variants, row.firmware)}".rstrip()
            hint = "add a frame that holds it, list it in `values`, or remove the datapoint"
            yield Finding("datapoints", where, "has a value in no vector", hint)


def _datapoints_shown(subject: Subject) -> Iterator[Any]:
    for frame in subject.vectors.frames:
        rows = subject.part(frame).datapoints
        yield from (rows[key] for key in frame.values if key in rows)
    for vector in subject.vectors.commands:
        part = subject.part(vector)
        if command := part.commands.get(vector.command):
            written = {**command.constants, **vector.parameters}
            yield from (part.datapoints[key] for key in written if key in part.datapoints)
    for line in subject.vectors.logs:
        part = subject.part(line)
        yield from filter(None, (part.named(record.name) for record in line.records))


def decoders(subject: Subject) -> Iterator[Finding]:
    """Every decoder has a good frame and a bad one."""
    for kind, vectors in (
        ("frame", subject.vectors.frames),
        ("bad_frame", subject.vectors.bad_frames),
    ):
        used = {
            id(channel.decoder)
            for vector in vectors
            if (channel := subject.part(vector).channels.get(vector.channel))
        }
        for decoder in subject.plugin.decoders:
            if id(decoder) not in used:
                where = f"channel {scope_of(decoder)}"
                hint = f"add a [[{kind}]] for it, with its variant and firmware"
                yield Finding("decoders", where, f"has no {kind} in any vector file", hint)


def unshown(rule: str, rows: Iterable[tuple[str, Any]], shown: Iterable[Any]) -> Iterator[Finding]:
    """A finding for each named row that is not among those which vectors show."""
    known = {id(row) for row in shown}
    for name, row in rows:
        if id(row) not in known:
            where = f"{name} {scope_text(row.variants, row.firmware)}".rstrip()
            yield Finding(rule, where, "is in no vector", "add one, with its variant and firmware")


def captures(subject: Subject) -> Iterator[Finding]:
    """Every capture that a vector names is at hand."""
    if missing := subject.vectors.unavailable:
        raise NotHereError("; ".join(missing))
    yield from ()
