"""The 21-byte header in front of every payload a device sends."""

import struct
from typing import Final, Self

import attrs

VERSION: Final = 1
HEADER: Final = struct.Struct(">BIQq")


class EnvelopeError(ValueError):
    """A payload whose header cannot be read; the message says what was found and how to mend it."""


@attrs.frozen
class Envelope:
    """One message of a device.

    boot_id: chosen anew at each start of the device, u32.
    sequence: counts messages since that start, u64.
    device_time: the device's clock in UTC milliseconds, i64.
    body: the device's bytes as they are.
    """

    boot_id: int
    sequence: int
    device_time: int
    body: bytes

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read header and body; raises EnvelopeError."""
        if len(payload) < HEADER.size:
            raise EnvelopeError(_short(len(payload)))
        version, boot_id, sequence, device_time = HEADER.unpack_from(payload)
        if version != VERSION:
            raise EnvelopeError(_unknown(version))
        return cls(boot_id, sequence, device_time, payload[HEADER.size :])

    def pack(self) -> bytes:
        """Header and body as bytes; raises EnvelopeError for a number outside its field."""
        try:
            header = HEADER.pack(VERSION, self.boot_id, self.sequence, self.device_time)
        except struct.error as error:
            raise EnvelopeError(_unfit(self, error)) from error
        return header + self.body


def _short(length: int) -> str:
    return (
        f"payload ends after {length} of the {HEADER.size} bytes of the envelope header: "
        "send version u8, boot id u32, sequence u64, device time i64 (big-endian), then the body"
    )


def _unknown(version: int) -> str:
    return (
        f"envelope version {version} at byte 0 is unknown, this release reads version {VERSION}: "
        "put the 21-byte header in front of the body, or upgrade the receiver"
    )


def _unfit(envelope: Envelope, error: struct.error) -> str:
    return (
        f"header does not fit: boot id {envelope.boot_id} must be u32, "
        f"sequence {envelope.sequence} u64, device time {envelope.device_time} i64 ({error})"
    )
