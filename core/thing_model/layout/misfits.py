"""The errors of frames that do not have the shape of their layout."""

from collections.abc import Iterator

from core.thing_model.layout.binary import Binary, Placed, walk
from core.thing_model.layout.raw import read_count
from core.thing_model.problems import DecodeError


def wrong_size(block: Binary, size: int | None, data: bytes) -> DecodeError:
    length = len(data)
    expected = " or ".join(str(s) for s in block.sizes) or "more"
    if size is not None and length > size:
        return DecodeError("frame", size, f"is {length} bytes long, expected {expected}")
    return DecodeError(
        next((p.key for p in _until_end(block, data)), "frame"),
        length,
        f"the frame ends after {length} bytes, expected {expected}",
    )


def _until_end(block: Binary, data: bytes) -> Iterator[Placed]:
    """The first field that lies beyond the end of the data, if there is one."""
    count_of = read_count(block, data)
    for placed in walk(block, lambda p: 0 if p.end > len(data) else count_of(p)):
        if placed.end > len(data):
            yield placed
            return


def too_long(end: int, data: bytes) -> DecodeError:
    return DecodeError("frame", end, f"is {len(data)} bytes long, its values end at {end}")


def too_many(key: str, times: int, limit: int, offset: int) -> DecodeError:
    return DecodeError(key, offset, f"announces {times} elements, at most {limit} are declared")
