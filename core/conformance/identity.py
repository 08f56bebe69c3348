"""The rule that what is encoded is decoded again, for values that no vector thought of."""

from collections.abc import Iterator, Mapping
from random import Random

from core.conformance.payload import Payload, Raw, Reading, inner, steering
from core.conformance.subject import Finding, Proven, Subject, same, sent_values
from core.thing_model.layout.documents import JsonField, JsonObject
from core.thing_model.layout.fields import STRUCT_CODES, Value
from core.thing_model.problems import DecodeError, EncodeError

SAMPLES = 10
"""Frames that are made from each good one."""


def identity(subject: Subject) -> Iterator[Finding]:
    """Good frames with random numbers in them come back from encoding with the same values.

    The numbers fill what each wire type, mask and division can hold, and are the same every time.
    """
    for proven in subject.proven():
        if (values := sent_values(proven)) is None:
            continue  # the rule `frames` tells of it
        random = Random(f"{subject.plugin.name} {proven.vector.where}")  # noqa: S311  to be repeatable
        for number in range(1, SAMPLES + 1):
            where = f"{proven.vector.where} sample {number}"
            found = list(_sample(proven, values, random, where))
            yield from found
            if found:
                break


def _sample(
    proven: Proven, sent: Mapping[str, Value], random: Random, where: str
) -> Iterator[Finding]:
    codec, layout = proven.channel.codec, inner(proven.decoder.layout)
    try:
        if isinstance(layout, JsonObject):
            values = _random_document(layout, sent, random)
        else:
            frame = _random_frame(proven, random)
            values = dict(zip(codec.keys, codec.decode(frame), strict=True))
        again = dict(zip(codec.keys, codec.decode(codec.encode(values)), strict=True))
    except (DecodeError, EncodeError) as error:
        yield Finding("identity", where, f"cannot be encoded and decoded: {error}")
        return
    for key, value in values.items():
        if not same(value, again[key]):
            yield Finding("identity", where, f"{key} was {value!r}, comes back {again[key]!r}")


def _random_frame(proven: Proven, random: Random) -> bytes:
    layout = proven.decoder.layout
    payload = Payload.of(layout, proven.vector.data)
    kept = steering(layout)
    return payload.put(
        [
            (reading, _random_raw(reading, random))
            for reading in payload.readings()
            if reading.placed.field.numeric and reading.placed.field.key not in kept
        ]
    ).data


def _random_raw(reading: Reading, random: Random) -> Raw:
    item = reading.placed.field
    if not item.whole:
        return random.uniform(-1e6, 1e6)
    bits = 8 * STRUCT_CODES[item.type][1]
    raw = random.getrandbits(bits)
    return raw - (1 << bits) if item.type[0] == "i" and raw >> bits - 1 else raw


def _random_document(
    layout: JsonObject, sent: Mapping[str, Value], random: Random
) -> dict[str, Value]:
    paths = [item.paths[0].lower() for item in layout.fields]
    return {**sent} | {
        item.key: _random_value(item, random, sent[item.key])
        for item in layout.fields
        if paths.count(item.paths[0].lower()) == 1
    }


def _random_value(item: JsonField, random: Random, value: Value) -> Value:
    if item.kind == "flag":
        return random.random() < 0.5
    if item.kind in ("text", "texts"):
        return value
    bits = 32 if item.mask is None else (item.mask >> item.shift).bit_length()
    return item.linear.value(random.getrandbits(bits))
