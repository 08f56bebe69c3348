"""What the tests of layouts ask of a codec."""

from collections.abc import Callable
from typing import Any

from core.thing_model.layout.codec import Codec
from core.thing_model.layout.fields import Value
from core.thing_model.problems import DecodeError


def read(codec: Codec, data: bytes) -> dict[str, Value]:
    """The values of a payload by key."""
    return dict(zip(codec.keys, codec.decode(data), strict=True))


def refusal(decode: Callable[[bytes], Any], data: bytes) -> DecodeError | None:
    """The error that a payload ends in, if it does; any other exception is a bug."""
    try:
        decode(data)
    except DecodeError as error:
        return error
    return None
