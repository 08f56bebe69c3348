"""A batch of messages, sorted into what is to be done with each; nothing is dropped."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import msgspec
from attrs import define, field, frozen

from core.journal.logs import LogMessage
from core.registry import Part, System
from core.runtime import topics
from core.runtime.directory import Known
from core.runtime.envelope import Envelope, EnvelopeError
from core.runtime.topics import TopicError, Uplink
from core.runtime.transport import Message
from core.telemetry.dead_letters import Rejected
from core.telemetry.frames import Arrival, Mark
from core.telemetry.history import wrapped
from core.thing_model.messages import Acknowledgement, Presence
from core.thing_model.problems import DecodeError

T = TypeVar("T")

_PRESENCE: Final = msgspec.json.Decoder(Presence)
_ACKNOWLEDGEMENT: Final = msgspec.json.Decoder(Acknowledgement)
_GONE: Final = Presence(online=False)


class RejectionError(Exception):
    """A message cannot be taken in; `code` is one of the dead letters' codes."""

    def __init__(self, code: str, reason: str, plugin: str = "") -> None:
        self.code, self.reason, self.plugin = code, reason, plugin
        super().__init__(reason)


@frozen(eq=False)
class Read:
    """A message whose topic could be read."""

    message: Message
    uplink: Uplink

    def rejected(self, error: RejectionError) -> Rejected:
        """This message as a dead letter."""
        return rejected(self.message, error, self.uplink.sn)


@frozen(eq=False)
class Heard:
    """What a device says of one of its commands."""

    read: Read
    system_id: int
    said: Acknowledgement


@frozen(eq=False)
class Announced:
    """A birth message or last will."""

    read: Read
    said: Presence


@define(eq=False)
class Sorted:
    """Messages by what is to be done with them. A frame that cannot be decoded is in two lists.

    `frames` are the messages of the arrivals, in the same order; `marks` the headers of all that
    have one.
    """

    arrivals: list[Arrival] = field(factory=list[Arrival])
    marks: list[Mark] = field(factory=list[Mark])
    frames: list[Read] = field(factory=list[Read])
    logs: list[LogMessage] = field(factory=list[LogMessage])
    heard: list[Heard] = field(factory=list[Heard])
    announced: list[Announced] = field(factory=list[Announced])
    rejected: list[Rejected] = field(factory=list[Rejected])


def rejected(message: Message, error: RejectionError, sn: str = "") -> Rejected:
    """A message as a dead letter."""
    return Rejected(message.topic, message.payload, error.code, error.reason, sn, error.plugin)


def read_topics(messages: Iterable[Message]) -> tuple[list[Read], list[Rejected]]:
    """The messages whose topics can be read, and the others."""
    read: list[Read] = []
    refused: list[Rejected] = []
    for message in messages:
        try:
            read.append(Read(message, topics.parse(message.topic)))
        except TopicError as error:
            sn, kind = sender(message.topic)
            code = "unknown_kind" if sn and kind not in _SORTERS else "bad_topic"
            refused.append(rejected(message, RejectionError(code, str(error)), sn))
    return read, refused


def read_presence(read: Iterable[Read]) -> tuple[list[Announced], list[Rejected]]:
    """Birth messages and last wills; an empty one, which clears the topic, says that it is gone."""
    announced: list[Announced] = []
    refused: list[Rejected] = []
    for each in read:
        if each.uplink.kind != "presence":
            continue
        try:
            announced.append(Announced(each, _presence(each)))
        except RejectionError as error:
            refused.append(each.rejected(error))
    return announced, refused


def _presence(read: Read) -> Presence:
    """What a device says of itself; raises RejectionError, also where it says to be another."""
    body = read.message.payload
    said = _json(_PRESENCE, body) if body else _GONE
    if said.sn not in ("", read.uplink.sn):
        raise RejectionError("sn_differs", f"the message says that it is of {said.sn}")
    return said


def sort(read: Iterable[Read], known: Mapping[str, Known], now: int) -> Sorted:
    """Decode all but presence and sort it; `known` are the systems by serial number."""
    found = Sorted()
    for each in read:
        try:
            _SORTERS[each.uplink.kind](each, known.get(each.uplink.sn), now, found)
        except EnvelopeError as error:
            found.rejected.append(each.rejected(RejectionError("bad_envelope", str(error))))
        except RejectionError as error:
            found.rejected.append(each.rejected(error))
    return found


def _sort_frame(read: Read, known: Known | None, now: int, into: Sorted) -> None:
    system_id, model = _registered(read, known)
    envelope = _opened(read, system_id, model, into)
    part = _part(read, model)
    channel = part.channels.get(read.uplink.channel or "")
    if channel is None:
        what = f"has no channel {read.uplink.channel!r}, its channels are {_list(part.channels)}"
        raise RejectionError("unknown_channel", f"{_place(part)} {what}", part.plugin.name)
    arrival = Arrival(
        system_id,
        read.uplink.sn,
        model,
        part,
        channel,
        envelope.boot_id,
        wrapped(envelope.sequence),
        envelope.device_time,
        now,
        read.uplink.kind == "backfill",
        envelope.body,
        None,
        (),
    )
    into.arrivals.append(arrival)
    into.frames.append(read)
    _decode(arrival)


def _decode(arrival: Arrival) -> None:
    plugin = arrival.part.plugin.name
    try:
        arrival.values, arrival.refused = arrival.channel.read(arrival.body)
    except DecodeError as error:
        raise RejectionError("undecodable", str(error), plugin) from None
    except Exception as error:  # a plugin's own function raises whatever it likes
        reason = f"{plugin} failed with {type(error).__name__}: {error}"
        raise RejectionError("undecodable", reason, plugin) from error


def _sort_log(read: Read, known: Known | None, now: int, into: Sorted) -> None:
    system_id, model = _registered(read, known)
    envelope = _opened(read, system_id, model, into)
    part = _part(read, model)
    header = (envelope.boot_id, wrapped(envelope.sequence), envelope.device_time)
    into.logs.append(LogMessage(system_id, part, *header, now, envelope.body))


def _sort_ack(read: Read, known: Known | None, _now: int, into: Sorted) -> None:
    system_id, model = _registered(read, known)
    envelope = _opened(read, system_id, model, into)
    into.heard.append(Heard(read, system_id, _json(_ACKNOWLEDGEMENT, envelope.body)))


def _skip(_read: Read, _known: Known | None, _now: int, _into: Sorted) -> None:
    """Presence is read by `read_presence`, before anything else."""


_SORTERS: Final = {
    "frame": _sort_frame,
    "backfill": _sort_frame,
    "log": _sort_log,
    "ack": _sort_ack,
    "presence": _skip,
}


def _opened(read: Read, system_id: int, model: System, into: Sorted) -> Envelope:
    """The message with its header read; the header counts even if the body cannot be read."""
    envelope = Envelope.parse(read.message.payload)
    header = (envelope.boot_id, envelope.sequence, envelope.device_time)
    late, offline_after = read.uplink.kind == "backfill", model.product.offline_after
    into.marks.append(Mark(system_id, *header, late, offline_after))
    return envelope


def _registered(read: Read, known: Known | None) -> tuple[int, System]:
    if known is None:
        raise RejectionError("unknown_device", f"{read.uplink.sn} is not registered")
    if known.model is None:
        reason = f"{read.uplink.sn} is a {known.record.product_id}, a model that is not known"
        raise RejectionError("unknown_product", reason)
    return known.record.id, known.model


def _part(read: Read, model: System) -> Part:
    part = model.parts.get(read.uplink.slot or "")
    if part is None:
        what = f"has no slot {read.uplink.slot!r}, its slots are {_list(model.parts)}"
        raise RejectionError("unknown_slot", f"{model.product.id} {what}")
    return part


def _place(part: Part) -> str:
    return f"{part.plugin.name} in slot {part.slot}"


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _json(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RejectionError("bad_message", f"the JSON cannot be read: {error}") from None


def sender(topic: str) -> tuple[str, str]:
    """Serial number and kind that a topic outside the contract still tells; or empty."""
    parts: Any = (*topic.split("/"), "", "", "", "")
    fits = parts[0] == "ess" and parts[2] == "up" and topics.is_serial_number(parts[1])
    return (parts[1], parts[3]) if fits else ("", "")
