"""The chain of SunSpec models in a device: where it begins, and which models follow each other."""

import struct
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from attrs import frozen

from core.runtime.collector.modbus import ILLEGAL, ModbusError

BASES: Final = (40_000, 50_000, 0)
"""Where the marker may stand (SunSpec Device Information Model Specification, 6.2)."""
MARKER: Final = b"SunS"
END: Final = 0xFFFF
MOST_MODELS: Final = 256
"""Models that a chain may have; one that goes on longer is taken for broken."""

Read = Callable[[int, int], Awaitable[bytes]]
"""Reads registers: first address and count."""


class ChainError(Exception):
    """A device has no chain of models, or one that cannot be walked; says where and why."""


@frozen
class FoundModel:
    """A model in a device: its number, the address of its ID and all of its registers."""

    number: int
    address: int
    registers: int


async def walk(read: Read, bases: Iterable[int] = BASES) -> tuple[FoundModel, ...]:
    """Every model of the device in order; raises ChainError, or ModbusError if it does not answer.

    A chain is walked to its end marker, bounded by the addresses there are and by MOST_MODELS.
    """
    base = await _base(read, tuple(bases))
    found: list[FoundModel] = []
    address = base + 2
    while True:
        number, length = await _head(read, address, found)
        if number == END:
            return tuple(found)
        if not length:
            what = f"model {number} at {address} has no registers, so the chain leads nowhere"
            raise ChainError(what)
        if address + 2 + length > 0x10000 - 1:
            what = f"model {number} at {address} announces {length} registers, beyond address 65535"
            raise ChainError(what)
        found.append(FoundModel(number, address, length + 2))
        if len(found) > MOST_MODELS:
            raise ChainError(f"the chain does not end after {MOST_MODELS} models")
        address += 2 + length


async def _base(read: Read, bases: tuple[int, ...]) -> int:
    for base in bases:
        try:
            if await read(base, 2) == MARKER:
                return base
        except ModbusError as error:
            if error.fault != "exception":
                raise
    places = ", ".join(map(str, bases))
    raise ChainError(f'no "SunS" at {places}: is SunSpec switched on, and is the unit id right?')


async def _head(read: Read, address: int, found: list[FoundModel]) -> tuple[int, int]:
    """Number and length of the model at an address."""
    try:
        number, length = struct.unpack(">HH", await read(address, 2))
    except ModbusError as error:
        if error.exception not in ILLEGAL:
            raise
        last = f"model {found[-1].number} at {found[-1].address}" if found else "the marker"
        what = f"nothing can be read at {address}, where {last} says that the next model is"
        raise ChainError(what) from None
    return number, length
