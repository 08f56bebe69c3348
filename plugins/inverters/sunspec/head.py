"""The head of a model: which one it is, and how many registers follow."""

import struct

from attrs import frozen

from thingwright import DecodeError


@frozen
class ModelHead:
    """A model begins with its number and the count of the registers that follow."""

    number: int

    def unwrap(self, data: bytes) -> bytes:
        if len(data) < 4:
            raise DecodeError("frame", len(data), "ends before the number and length of a model")
        number, count = struct.unpack_from(">HH", data)
        if number != self.number:
            raise DecodeError("frame", 0, f"is model {number}, not {self.number}")
        if 2 * count != len(data) - 4:
            what = f"announces {count} registers, holds {len(data) - 4} bytes of them"
            raise DecodeError("frame", 2, what)
        return data[4:]

    def wrap(self, body: bytes) -> bytes:
        return struct.pack(">HH", self.number, len(body) // 2) + body

    def locate(self, span: tuple[int, int]) -> tuple[int, int]:
        return span[0] + 4, span[1] + 4


@frozen
class CountingHead:
    """A head whose length tells how many elements follow: their count stands in its place.

    `fixed` and `element` are the registers before the elements, and of one of them.
    """

    head: ModelHead
    fixed: int
    element: int

    def unwrap(self, data: bytes) -> bytes:
        body = self.head.unwrap(data)
        count, rest = divmod(len(body) // 2 - self.fixed, self.element)
        if rest or count < 0:
            what = f"holds {len(body) // 2} registers, not {self.fixed} and some {self.element}s"
            raise DecodeError("frame", 2, what)
        return struct.pack(">H", count) + body

    def wrap(self, body: bytes) -> bytes:
        return self.head.wrap(body[2:])

    def locate(self, span: tuple[int, int]) -> tuple[int, int]:
        return span[0] + 2, span[1] + 2
