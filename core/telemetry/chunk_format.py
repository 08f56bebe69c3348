"""Frames of one channel pressed together without loss, whatever their bodies are.

What names frames goes into one block, as differences from frame to frame; the bodies into another.
Bodies of equal length are laid on their side, so that the same register of all frames lies
together: words of 16 bits as differences, or bytes as they are. Which way is the shortest is tried
out. zstandard presses both blocks.
"""

import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from operator import sub
from typing import Final

from attrs import frozen
from zstandard import ZstdCompressor, ZstdDecompressor

LEVEL: Final = 3
COLUMNS: Final = 6


@frozen
class PackedFrame:
    """A frame of a channel: its identity there, when it came, what read it, and its bytes."""

    device_time: int
    boot_id: int
    sequence: int
    receive_time: int
    decoder_id: int
    body: bytes

    @property
    def identity(self) -> tuple[int, int, int]:
        return self.device_time, self.boot_id, self.sequence


def press(frames: Sequence[PackedFrame]) -> tuple[bytes, bytes]:
    """The blocks of identities and of bodies; `unpress` is the inverse."""
    columns: tuple[list[int], ...] = (
        [frame.device_time for frame in frames],
        [frame.boot_id for frame in frames],
        [frame.sequence for frame in frames],
        [frame.receive_time - frame.device_time for frame in frames],
        [frame.decoder_id for frame in frames],
        [len(frame.body) for frame in frames],
    )
    compressor = ZstdCompressor(level=LEVEL)
    identities = compressor.compress(b"".join(map(_differences, columns)))
    return identities, _press_bodies([frame.body for frame in frames], compressor)


def unpress(identities: bytes, bodies: bytes) -> list[PackedFrame]:
    """The frames that were pressed, in their order."""
    times, boots, sequences, delays, decoders, lengths = _columns(identities)
    received = [_signed(time + delay) for time, delay in zip(times, delays, strict=True)]
    cut = _unpress_bodies(bodies, lengths)
    return list(map(PackedFrame, times, boots, sequences, received, decoders, cut))


def unpress_identities(identities: bytes) -> list[tuple[int, int, int]]:
    """(device time, boot id, sequence) of the frames that were pressed, in their order."""
    times, boots, sequences, *_ = _columns(identities)
    return list(zip(times, boots, sequences, strict=True))


# --- numbers of 64 bits ---------------------------------------------------------------------------

_SIGN: Final = 1 << 63
_ALL: Final = (1 << 64) - 1


def _signed(number: int) -> int:
    """The number modulo 2**64, between -2**63 and 2**63 - 1."""
    return ((number + _SIGN) & _ALL) - _SIGN


def _differences(numbers: Sequence[int]) -> bytes:
    """Differences of differences modulo 2**64, folded, byte by byte of all of them."""
    first = list(map(sub, numbers, [0, *numbers]))
    second = map(sub, first, [0, *first])
    folded = array("Q", (n << 1 if n >= 0 else (-n << 1) - 1 for n in map(_signed, second)))
    return _sideways(_little(folded), 8)


def _columns(identities: bytes) -> Iterator[list[int]]:
    data = ZstdDecompressor().decompress(identities)
    size = len(data) // COLUMNS
    for start in range(0, len(data), size):
        folded = array("Q")
        folded.frombytes(_upright(data[start : start + size], 8))
        if sys.byteorder == "big":
            folded.byteswap()
        second = (n >> 1 if not n & 1 else -(n >> 1) - 1 for n in folded)
        yield list(map(_signed, accumulate(accumulate(second))))


def _little(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


# --- bodies ---------------------------------------------------------------------------------------


def _press_bodies(bodies: Sequence[bytes], compressor: ZstdCompressor) -> bytes:
    joined = b"".join(bodies)
    tried = [b"\0" + compressor.compress(joined)]
    width = len(bodies[0]) if bodies else 0
    if width and all(len(body) == width for body in bodies):
        for tag, (lay, _) in enumerate(_WAYS, 1):
            tried.append(bytes([tag]) + compressor.compress(lay(joined, width)))
    return min(tried, key=len)


def _unpress_bodies(block: bytes, lengths: Sequence[int]) -> Iterable[bytes]:
    data = ZstdDecompressor().decompress(block[1:])
    if block[0]:
        data = _WAYS[block[0] - 1][1](data, lengths[0])
    ends = list(accumulate(lengths))
    return (data[end - length : end] for end, length in zip(ends, lengths, strict=True))


def _sideways(data: bytes, width: int) -> bytes:
    """The first byte of all rows, then the second of all, and so on."""
    return b"".join(data[place::width] for place in range(width))


def _upright(data: bytes, width: int) -> bytes:
    rows = len(data) // width
    return b"".join(data[row::rows] for row in range(rows))


def _words_sideways(data: bytes, width: int) -> bytes:
    """The first frame's big-endian words and the differences from frame to frame, sideways.

    A last odd byte stays a byte.
    """
    even, odd = width & ~1, b""
    if width & 1:
        odd = data[width - 1 :: width]
        data = b"".join(data[at : at + even] for at in range(0, len(data), width))
    size = max(0, len(data) - even)
    new, old = int.from_bytes(data[even:], "big"), int.from_bytes(data[:size], "big")
    differences = _folded(_minus(new, old, _top(size)), _top(size)).to_bytes(size, "big")
    return _sideways(data[:even] + differences, even) + odd


def _words_upright(data: bytes, width: int) -> bytes:
    even, rows = width & ~1, len(data) // width
    odd, laid = data[even * rows :], _upright(data[: even * rows], even)
    row, top = int.from_bytes(laid[:even], "big"), _top(even)
    upright = [laid[:even], odd[:1]]
    for number in range(1, rows):
        said = int.from_bytes(laid[number * even : (number + 1) * even], "big")
        row = _plus(row, _unfolded(said, top), top)
        upright += row.to_bytes(even, "big"), odd[number : number + 1]
    return b"".join(upright)


# Numbers of any length are rows of 16-bit words here; `top` has the highest bit of each word.


def _top(size: int) -> int:
    return int.from_bytes(b"\x80\0" * (size // 2), "big")


def _minus(one: int, other: int, top: int) -> int:
    """Word by word, modulo 2**16: the highest bits are kept out of the borrowing."""
    return ((one | top) - (other & ~top)) ^ ((one ^ other ^ top) & top)


def _plus(one: int, other: int, top: int) -> int:
    return ((one & ~top) + (other & ~top)) ^ ((one ^ other) & top)


def _folded(words: int, top: int) -> int:
    """Small numbers of either sign as small numbers: 0, -1, 1, -2 as 0, 1, 2, 3, and so on."""
    negative = (words & top) >> 15
    return ((words & ~top) << 1) ^ ((negative << 16) - negative)


def _unfolded(words: int, top: int) -> int:
    odd = words & top >> 15
    return ((words & ~(top >> 15)) >> 1) ^ ((odd << 16) - odd)


Lay = Callable[[bytes, int], bytes]
_WAYS: Final[tuple[tuple[Lay, Lay], ...]] = (
    (_words_sideways, _words_upright),
    (_sideways, _upright),
)
"""How bodies of equal length are laid before they are pressed, and the inverse, by tag - 1."""
