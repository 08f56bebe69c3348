"""Payloads made of tagged records: CAN frames as SocketCAN hands them out, and TLV."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from attrs import evolve, field, frozen

from core.thing_model.layout.binary import Binary, octet_string
from core.thing_model.layout.codec import Trace
from core.thing_model.layout.compiler import BinaryCodec, compile_binary
from core.thing_model.layout.fields import Field, Repeat, Value
from core.thing_model.plausibility import Range
from core.thing_model.problems import DecodeError, EncodeError

CAN_EXTENDED = 0x8000_0000
CAN_IDENTIFIER = 0x1FFF_FFFF


@frozen
class Tagged:
    """Records of a tag, a length and a body; `sections` say what the body of each tag holds.

    `header` is the struct format of (tag, length); `stride` is the fixed size of a body where the
    record is padded to it. Records with other tags are left alone.
    """

    header: str
    sections: Mapping[int, Binary] = field(hash=False)
    stride: int | None = None
    tag_mask: int = 0xFFFF_FFFF

    def records(self, data: bytes) -> Iterator[tuple[int, int, int]]:
        """Tag, first byte of the body and byte after it, of every record."""
        header, at = struct.Struct(self.header), 0
        while at < len(data):
            if len(data) - at < header.size:
                raise DecodeError("frame", at, f"{len(data) - at} bytes are no record header")
            tag, length = header.unpack_from(data, at)
            start = at + header.size
            end = start + (self.stride or length)
            if end > len(data) or length > end - start:
                raise DecodeError("frame", start, f"a record announces {length} bytes, too many")
            yield tag & self.tag_mask, start, start + length
            at = end

    def overridden(self, *fields: Field) -> "Tagged":
        """This layout with the fields of the same keys replaced."""
        sections = dict(self.sections)
        for new in fields:
            tag = next(t for t, s in sections.items() if new.key in {f.key for f in s.items})  # type: ignore[union-attr]
            sections[tag] = sections[tag].overridden(new)
        return evolve(self, sections=sections)


def can_frames(
    sections: Mapping[int, Sequence[Field | Repeat] | Binary],
    *,
    order: Literal["big", "little"] = "little",
) -> Tagged:
    """CAN frames by identifier. The payload is one or more 16-byte `struct can_frame` records.

    That is what a Linux CAN socket hands out on a little-endian gateway: identifier (bit 31 set
    for 29-bit ones), data length, three bytes of padding, eight bytes of data. A section may be an
    `octet_string` where it says which lengths the data can have.
    """
    blocks = {
        tag: evolve(body, order=order)
        if isinstance(body, Binary)
        else octet_string(*body, order=order)
        for tag, body in sections.items()
    }
    return Tagged("<IB3x", blocks, stride=8, tag_mask=CAN_IDENTIFIER)


def tlv(
    sections: Mapping[int, Sequence[Field | Repeat]],
    *,
    tag: Literal["u8", "u16"] = "u8",
    length: Literal["u8", "u16"] = "u8",
    order: Literal["big", "little"] = "big",
) -> Tagged:
    """Tag, length, value: records that follow each other until the payload ends."""
    codes = {"u8": "B", "u16": "H"}
    header = (">" if order == "big" else "<") + codes[tag] + codes[length]
    return Tagged(header, {t: octet_string(*items, order=order) for t, items in sections.items()})


@frozen(eq=False)
class TaggedCodec:
    """A compiled tagged layout; see `Codec`."""

    layout: Tagged
    codecs: Mapping[int, BinaryCodec]
    places: Mapping[int, int]
    keys: tuple[str, ...]

    @property
    def source(self) -> str:
        return "\n".join(f"# {tag:#x}\n{codec.source}" for tag, codec in self.codecs.items())

    def decode(self, data: bytes) -> Sequence[Value]:
        return self._decode(data, checked=False)

    def decode_checked(self, data: bytes) -> Sequence[Value]:
        return self._decode(data, checked=True)

    def _decode(self, data: bytes, *, checked: bool) -> Sequence[Value]:
        values: list[Value] = [None] * len(self.keys)
        known = False
        for tag, start, end in self.layout.records(data):
            codec = self.codecs.get(tag)
            if codec is None:
                continue
            known = True
            try:
                body = data[start:end]
                read = codec.decode_checked(body) if checked else codec.decode(body)
            except DecodeError as error:
                raise error.shifted(start) from None
            values[self.places[tag] : self.places[tag] + len(read)] = read
        if not known:
            tags = ", ".join(f"{tag:#x}" for tag in self.codecs)
            raise DecodeError("frame", 0, f"holds none of the declared records ({tags})")
        return values

    def encode(self, values: Mapping[str, Value]) -> bytes:
        records: list[bytes] = []
        for tag, codec in self.codecs.items():
            if all(values.get(key) is None for key in codec.keys):
                continue
            body = codec.encode(values)
            records.append(struct.pack(self.layout.header, self._said(tag), len(body)))
            records.append(body.ljust(self.layout.stride or 0, b"\0"))
        if not records:
            raise EncodeError("frame", "none of its values is given")
        return b"".join(records)

    def _said(self, tag: int) -> int:
        extended = self.layout.stride is not None and tag > 0x7FF
        return tag | CAN_EXTENDED if extended else tag

    def trace(self, data: bytes) -> dict[str, Trace]:
        self.decode(data)
        traced: dict[str, Trace] = {}
        for tag, start, end in self.layout.records(data):
            if codec := self.codecs.get(tag):
                for key, found in codec.trace(data[start:end]).items():
                    spans = tuple((a + start, b + start) for a, b in found.spans)
                    traced[key] = evolve(found, spans=spans)
        return traced


def compile_tagged(layout: Tagged, ranges: Mapping[str, Range]) -> TaggedCodec:
    """Compile once at load time; `ranges` are the plausible ranges by datapoint key."""
    codecs = {tag: compile_binary(block, ranges) for tag, block in layout.sections.items()}
    names: list[str] = []
    places: dict[int, int] = {}
    for tag, codec in codecs.items():
        places[tag] = len(names)
        names += codec.keys
    return TaggedCodec(layout, codecs, places, tuple(names))
