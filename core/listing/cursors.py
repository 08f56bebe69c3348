"""Places in a list, written so that an address can hold them.

A cursor holds the order's value and the tie-break of the row that it stands at, and a digest of
the list, order and filters that it belongs to. It gives no right to anything, so it is checked and
not signed.
"""

import base64
import binascii
from hashlib import blake2b
from typing import Any, Final

import msgspec
from attrs import frozen

from core.listing.query import CURSOR, Query, Shape, same_question
from core.records import RequestError
from core.thing_model.problems import Problem

LONGEST: Final = 1024
Value = str | int | float | bool | None


@frozen
class Place:
    """Behind the row with this value and tie-break or, `before`, in front of it."""

    value: Value
    tie: Value
    before: bool = False


def write(shape: Shape, query: Query, place: Place) -> str:
    """The cursor of a place."""
    packed = msgspec.msgpack.encode((_digest(shape, query), place.value, place.tie, place.before))
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def read(shape: Shape, query: Query) -> Place | None:
    """The place that a query's cursor names, None at the beginning; raises RequestError."""
    text = query.cursor
    if not text:
        return None
    if len(text) > LONGEST:
        raise RequestError(_problem("is not a place in a list"))
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        digest, value, tie, before = msgspec.msgpack.decode(packed, type=_CURSOR)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise RequestError(_problem("is not a place in a list")) from None
    if digest != _digest(shape, query):
        raise RequestError(_problem("is a place in another list, order or filter"))
    return Place(value, tie, before)


def _digest(shape: Shape, query: Query) -> bytes:
    return blake2b(msgspec.json.encode(same_question(shape, query)), digest_size=8).digest()


def _problem(what: str) -> Problem:
    return Problem(CURSOR, what, "begin at the first page")


_CURSOR: Any = tuple[bytes, Value, Value, bool]
