"""Small secrets at rest, sealed with the installation's key. The one place that encrypts.

What is sealed says what it is for: it cannot be opened as something else.
"""

import base64
import hashlib
import hmac
from typing import Final

from attrs import frozen
from cryptography.fernet import Fernet, InvalidToken

KEY_BYTES: Final = 32


class SealError(ValueError):
    """There is no key, or not the one that it was sealed with."""


@frozen(repr=False)
class Seal:
    """Seals and opens. `key` is hex of THINGWRIGHT_SECRET_KEY, at least 32 bytes."""

    key: str

    def __attrs_post_init__(self) -> None:
        try:
            enough = len(bytes.fromhex(self.key)) >= KEY_BYTES
        except ValueError:
            enough = False
        if not enough:
            raise SealError("no secret key is set: set THINGWRIGHT_SECRET_KEY to 64 hex digits")

    def seal(self, purpose: str, text: str) -> bytes:
        """The text, for nobody else to read or change."""
        return self._fernet(purpose).encrypt(text.encode())

    def open(self, purpose: str, sealed: bytes) -> str:
        """What was sealed for this purpose; raises SealError."""
        try:
            return self._fernet(purpose).decrypt(sealed).decode()
        except InvalidToken:
            raise SealError(
                "sealed with another key: set THINGWRIGHT_SECRET_KEY to the one of that time"
            ) from None

    def _fernet(self, purpose: str) -> Fernet:
        key = hmac.new(bytes.fromhex(self.key), f"seal:{purpose}".encode(), hashlib.sha256)
        return Fernet(base64.urlsafe_b64encode(key.digest()))
