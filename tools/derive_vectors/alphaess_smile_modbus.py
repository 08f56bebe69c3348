"""Modbus RTU frames of a SMILE system, put together by hand."""

import struct

UNIT = 0x55


def crc(data: bytes) -> bytes:
    """CRC-16/MODBUS, low byte first, bit by bit as its specification writes it."""
    remainder = 0xFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0xA001 if remainder & 1 else 0)
    return struct.pack("<H", remainder)


def answer(body: bytes) -> bytes:
    frame = bytes((UNIT, 3, len(body))) + body
    return frame + crc(frame)


def written(first: int, body: bytes) -> bytes:
    frame = struct.pack(">BBHHB", UNIT, 16, first, len(body) // 2, len(body)) + body
    return frame + crc(frame)
