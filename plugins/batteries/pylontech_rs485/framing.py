"""How Pylontech batteries wrap an answer on RS485: protocol V3.3, sections 2.2 to 2.5.

~ VER ADR CID1 RTN LENGTH INFO CHKSUM and a carriage return, every byte but the first and the last
written as two hexadecimal digits. Lengths and sums count these digits.
"""

from attrs import frozen

from thingwright import DecodeError, EncodeError

HEAD = 13
"""Characters before INFO."""
TAIL = 5
"""Characters after INFO."""
LONGEST = 0xFFF
"""The most digits that LENID can announce (2.3.2)."""
BATTERY_DATA = 0x46

RETURN_CODES = {
    0x01: "VER error",
    0x02: "CHKSUM error",
    0x03: "LCHKSUM error",
    0x04: "CID2 invalid",
    0x05: "command format error",
    0x06: "invalid data",
    0x90: "ADR error",
    0x91: "internal communication error",
}
"""Section 2.5.2."""


def length(digits: int) -> int:
    """LENGTH: the number of digits of INFO, and above it LCHKSUM of its three nibbles (2.3.2)."""
    nibbles = (digits >> 8) + (digits >> 4 & 0xF) + (digits & 0xF)
    return (-nibbles & 0xF) << 12 | digits


def checksum(characters: bytes) -> int:
    """CHKSUM of everything between ~ and itself (2.3.3)."""
    return -sum(characters) & 0xFFFF


@frozen
class AsciiAnswer:
    """An answer of the battery at `address`; its body is INFO."""

    address: int = 2
    version: int = 0x20

    def unwrap(self, data: bytes) -> bytes:
        if data[:1] != b"~" or data[-1:] != b"\r":
            raise DecodeError("frame", 0, "does not run from ~ to a carriage return")
        if len(data) < HEAD + TAIL:
            raise DecodeError("frame", len(data), "ends before its header does")
        said, summed = number(data, len(data) - TAIL, 4), checksum(data[1:-TAIL])
        if said != summed:
            reason = f"CHKSUM is {said:04X}, should be {summed:04X}"
            raise DecodeError("frame", len(data) - TAIL, reason)
        if (group := number(data, 5, 2)) != BATTERY_DATA:
            raise DecodeError("frame", 5, f"CID1 is {group:02X}, not {BATTERY_DATA:02X}")
        if code := number(data, 7, 2):
            meaning = RETURN_CODES.get(code, "not a published code")
            raise DecodeError("frame", 7, f"the battery answered {code:02X} ({meaning})")
        digits = len(data) - HEAD - TAIL
        if (announced := number(data, 9, 4)) != length(digits):
            reason = f"LENGTH is {announced:04X}, should be {length(digits):04X}"
            raise DecodeError("frame", 9, reason)
        return octets(data, HEAD, digits)

    def wrap(self, body: bytes) -> bytes:
        info = body.hex().upper()
        if len(info) > LONGEST:
            raise EncodeError("frame", f"is {len(info)} digits long, at most {LONGEST} fit")
        head = f"{self.version:02X}{self.address:02X}{BATTERY_DATA:02X}00{length(len(info)):04X}"
        said = (head + info).encode()
        return b"~" + said + b"%04X\r" % checksum(said)

    def locate(self, span: tuple[int, int]) -> tuple[int, int]:
        return HEAD + 2 * span[0], HEAD + 2 * span[1]


def number(data: bytes, start: int, digits: int) -> int:
    return int.from_bytes(octets(data, start, digits), "big")


def octets(data: bytes, start: int, digits: int) -> bytes:
    try:
        return bytes.fromhex(data[start : start + digits].decode("ascii"))
    except ValueError:
        raise DecodeError("frame", start, "is not written in pairs of hexadecimal digits") from None
