"""The chain of hashes: each row vouches for all rows before it."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec

BEGINNING: Final = bytes(32)
"""What the first row has in place of the hash of one before it."""
FIELDS: Final = (
    "id", "at", "user_id", "user_name", "address", "area", "action", "object_id", "old", "new",
    "reason",
)  # fmt: skip
"""What a hash is made of, in this order, as one JSON array behind the hash before it."""


def canonical(values: Mapping[str, Any]) -> str:
    """The one way to write an object as JSON: keys in order, no spaces."""
    return msgspec.json.encode(values, order="sorted").decode()


def link(previous: bytes, fields: Sequence[str | int | None]) -> bytes:
    """The hash of a row whose `FIELDS` these are."""
    return sha256(previous + msgspec.json.encode(list(fields))).digest()
