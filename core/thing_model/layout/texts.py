"""Values that are not numbers: text, the device's clock, and plain octets."""

from collections.abc import Callable, Mapping
from datetime import datetime

from core.thing_model.layout.fields import Value
from core.thing_model.problems import DecodeError, EncodeError


def _read_text(raw: bytes, key: str, offset: int) -> Value:
    try:
        return raw.rstrip(b"\xff").split(b"\0", 1)[0].decode("ascii").rstrip() or None
    except UnicodeDecodeError:
        raise DecodeError(key, offset, f"{raw.hex(' ')} is not ASCII text") from None


def _write_text(value: Value, key: str, size: int) -> bytes:
    try:
        raw = ("" if value is None else str(value)).encode("ascii")
    except UnicodeEncodeError:
        raise EncodeError(key, f"{value!r} is not ASCII text") from None
    if len(raw) > size:
        raise EncodeError(key, f"{value!r} is longer than {size} bytes")
    return raw.ljust(size, b"\0")


def _read_clock(raw: bytes, key: str, offset: int) -> Value:
    if not any(raw):
        return None
    try:
        year, month, day, hour, minute, second = raw
        return datetime(2000 + year, month, day, hour, minute, second).isoformat()  # noqa: DTZ001  the device's own clock has no zone
    except ValueError as error:
        raise DecodeError(key, offset, f"{raw.hex(' ')} is not a date and time: {error}") from None


def _write_clock(value: Value, key: str, _size: int) -> bytes:
    if value is None:
        return bytes(6)
    try:
        t = datetime.fromisoformat(str(value))
        return bytes((t.year - 2000, t.month, t.day, t.hour, t.minute, t.second))
    except ValueError:
        raise EncodeError(key, f"{value!r} is not an ISO date and time from 2000 on") from None


def _read_octets(raw: bytes, _key: str, _offset: int) -> Value:
    return raw.hex() if any(raw) else None


def _write_octets(value: Value, key: str, size: int) -> bytes:
    if value is None:
        return bytes(size)
    try:
        raw = bytes.fromhex(str(value))
    except ValueError:
        raise EncodeError(key, f"{value!r} is not hex") from None
    if len(raw) != size:
        raise EncodeError(key, f"{value!r} is not {size} bytes of hex")
    return raw


TEXTS: Mapping[
    str, tuple[Callable[[bytes, str, int], Value], Callable[[Value, str, int], bytes]]
] = {
    "text": (_read_text, _write_text),
    "clock": (_read_clock, _write_clock),
    "octets": (_read_octets, _write_octets),
}
