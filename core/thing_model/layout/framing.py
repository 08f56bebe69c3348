"""The wrapping that a transport puts around a layout: addresses, lengths, checksums."""

import struct
from array import array
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from attrs import evolve, field, frozen, validators

from core.thing_model.layout.binary import Binary, Span
from core.thing_model.layout.codec import Codec, Trace
from core.thing_model.layout.documents import JsonObject
from core.thing_model.layout.fields import Value
from core.thing_model.layout.tagged import Tagged
from core.thing_model.problems import DecodeError

MODBUS_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
}
"""Modbus Application Protocol V1.1b3, section 7."""


class Framing(Protocol):
    """A pure way to put a body into a frame and take it out again."""

    def unwrap(self, data: bytes) -> bytes:
        """The body; a DecodeError for "frame" where the frame is damaged or another one."""
        ...

    def wrap(self, body: bytes) -> bytes: ...

    def locate(self, span: Span) -> Span:
        """Where in the frame a span of the body stands."""
        ...


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS (polynomial 0xA001 reflected, start 0xFFFF); sent low byte first."""
    crc, table = 0xFFFF, _crc_words()
    words: tuple[int, ...] = struct.unpack_from(f"<{len(data) // 2}H", data)
    for word in words:
        crc = table[crc ^ word]
    return crc >> 8 ^ _CRC_TABLE[(crc ^ data[-1]) & 0xFF] if len(data) % 2 else crc


def _crc_entry(index: int) -> int:
    for _ in range(8):
        index = index >> 1 ^ (0xA001 if index & 1 else 0)
    return index


_CRC_TABLE = tuple(_crc_entry(index) for index in range(256))


@cache
def _crc_words() -> "array[int]":
    """What two bytes at a time do to the CRC: 65,536 entries, made at the first frame.

    As an array they stay in the processor's cache, which as objects they do not.
    """
    entries = (a >> 8 ^ _CRC_TABLE[(a ^ high) & 0xFF] for high in range(256) for a in _CRC_TABLE)
    return array("H", entries)


@frozen
class ModbusRtu:
    """An answer to a read: optional prefix, unit, function, byte count, registers, CRC."""

    function: int = 3
    unit: int = 1
    prefix: bytes = b""

    def unwrap(self, data: bytes) -> bytes:
        start = len(self.prefix)
        if data[:start] != self.prefix:
            raise DecodeError("frame", 0, f"does not begin with {self.prefix.hex(' ')}")
        if len(data) < start + 5:
            raise DecodeError("frame", len(data), "ends before its Modbus header does")
        _check_function(data, start + 1, self.function)
        end = start + 3 + data[start + 2]
        if len(data) != end + 2:
            raise DecodeError(
                "frame",
                start + 2,
                f"announces {data[start + 2]} bytes of registers, holds {len(data) - start - 5}",
            )
        said, computed = int.from_bytes(data[end:], "little"), crc16(data[start:end])
        if said != computed:
            raise DecodeError("frame", end, f"CRC is {said:04x}, should be {computed:04x}")
        return data[start + 3 : end]

    def wrap(self, body: bytes) -> bytes:
        frame = bytes((self.unit, self.function, len(body))) + body
        return self.prefix + frame + crc16(frame).to_bytes(2, "little")

    def locate(self, span: Span) -> Span:
        by = len(self.prefix) + 3
        return span[0] + by, span[1] + by


@frozen
class ModbusTcp:
    """An answer to a read over TCP: transaction, protocol 0, length, unit, function, count."""

    function: int = 3
    unit: int = 1

    def unwrap(self, data: bytes) -> bytes:
        if len(data) < 9:
            raise DecodeError("frame", len(data), "ends before its Modbus TCP header does")
        if data[2:4] != b"\0\0":
            raise DecodeError("frame", 2, "is not Modbus: its protocol identifier is not 0")
        _check_function(data, 7, self.function)
        if int.from_bytes(data[4:6], "big") != len(data) - 6 or data[8] != len(data) - 9:
            raise DecodeError("frame", 4, "its lengths do not agree with its size")
        return data[9:]

    def wrap(self, body: bytes) -> bytes:
        return (
            struct.pack(">HHHBBB", 1, 0, len(body) + 3, self.unit, self.function, len(body)) + body
        )

    def locate(self, span: Span) -> Span:
        return span[0] + 9, span[1] + 9


@frozen
class ModbusWrite:
    """A request to write registers: function 16 a block in one go, function 6 a single one.

    On a serial line it ends with a CRC; over TCP it begins with transaction, protocol 0 and length.
    """

    address: int
    unit: int = 1
    function: int = field(default=16, validator=validators.in_((6, 16)))
    tcp: bool = False

    def unwrap(self, data: bytes) -> bytes:
        start, end = self._head + self._start, len(data) - (0 if self.tcp else 2)
        if end < start + 2:
            raise DecodeError("frame", len(data), "ends before a Modbus write does")
        self._check_transport(data, end)
        _check_function(data, self._head + 1, self.function)
        address = int.from_bytes(data[self._head + 2 : self._head + 4], "big")
        if address != self.address:
            what = f"writes at {address:#06x}, not {self.address:#06x}"
            raise DecodeError("frame", self._head + 2, what)
        body = data[start:end]
        if self.function == 16 and data[start - 3 : start] != self._announced(body):
            what = f"announces {data[start - 1]} bytes, holds {len(body)}"
            raise DecodeError("frame", start - 3, what)
        return body

    def _check_transport(self, data: bytes, end: int) -> None:
        if self.tcp:
            if data[2:4] != b"\0\0" or int.from_bytes(data[4:6], "big") != len(data) - 6:
                raise DecodeError("frame", 2, "is not Modbus TCP: protocol or length do not fit")
            return
        said, computed = int.from_bytes(data[end:], "little"), crc16(data[:end])
        if said != computed:
            raise DecodeError("frame", end, f"CRC is {said:04x}, not {computed:04x}")

    def wrap(self, body: bytes) -> bytes:
        head = struct.pack(">BBH", self.unit, self.function, self.address)
        frame = head + (self._announced(body) if self.function == 16 else b"") + body
        if self.tcp:
            return struct.pack(">HHH", 1, 0, len(frame)) + frame
        return frame + crc16(frame).to_bytes(2, "little")

    def locate(self, span: Span) -> Span:
        by = self._head + self._start
        return span[0] + by, span[1] + by

    @property
    def _head(self) -> int:
        return 6 if self.tcp else 0

    @property
    def _start(self) -> int:
        return 7 if self.function == 16 else 4

    @staticmethod
    def _announced(body: bytes) -> bytes:
        return struct.pack(">HB", len(body) // 2, len(body))


def _check_function(data: bytes, at: int, expected: int) -> None:
    if data[at] == expected | 0x80:
        code = data[at + 1]
        meaning = MODBUS_EXCEPTIONS.get(code, "not a standard code")
        raise DecodeError("frame", at + 1, f"the device answered exception {code} ({meaning})")
    if data[at] != expected:
        raise DecodeError("frame", at, f"Modbus function is {data[at]}, expected {expected}")


Body = Binary | Tagged | JsonObject


@frozen
class Framed:
    """A layout inside a framing."""

    layout: Body
    framing: Framing

    def overridden(self, *fields: Any) -> "Framed":
        """This layout with the fields of the same keys replaced."""
        return evolve(self, layout=self.layout.overridden(*fields))


def framed(layout: Body, framing: Framing) -> Framed:
    """The layout as the body of a framing of your own."""
    return Framed(layout, framing)


def modbus_rtu(layout: Binary, *, function: int = 3, unit: int = 1, prefix: bytes = b"") -> Framed:
    """Registers as a serial Modbus device answers them, CRC checked."""
    return Framed(layout, ModbusRtu(function, unit, prefix))


def modbus_tcp(layout: Binary, *, function: int = 3, unit: int = 1) -> Framed:
    """Registers as a Modbus TCP device answers them."""
    return Framed(layout, ModbusTcp(function, unit))


def modbus_write(layout: Binary, *, unit: int = 1, function: int = 16, tcp: bool = False) -> Framed:
    """Registers as one write request to the layout's first address; function 6 for one register."""
    return Framed(layout, ModbusWrite(layout.start, unit, function, tcp))


@frozen(eq=False)
class FramedCodec:
    """A compiled layout inside a framing; see `Codec`."""

    framing: Framing
    body: Codec

    @property
    def keys(self) -> tuple[str, ...]:
        return self.body.keys

    @property
    def source(self) -> str:
        return self.body.source

    def decode(self, data: bytes) -> Sequence[Value]:
        body = self.framing.unwrap(data)
        try:
            return self.body.decode(body)
        except DecodeError as error:
            raise self._located(error) from None

    def decode_checked(self, data: bytes) -> Sequence[Value]:
        body = self.framing.unwrap(data)
        try:
            return self.body.decode_checked(body)
        except DecodeError as error:
            raise self._located(error) from None

    def encode(self, values: Mapping[str, Value]) -> bytes:
        return self.framing.wrap(self.body.encode(values))

    def trace(self, data: bytes) -> dict[str, Trace]:
        return {
            key: evolve(found, spans=tuple(map(self.framing.locate, found.spans)))
            for key, found in self.body.trace(self.framing.unwrap(data)).items()
        }

    def _located(self, error: DecodeError) -> DecodeError:
        offset = self.framing.locate((error.offset, error.offset))[0]
        return DecodeError(error.datapoint, offset, error.reason)
