"""Secrets that must be read again, sealed with a key that is not in the database (AES-256-GCM)."""

import secrets
from typing import Final

from attrs import field, frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE: Final = 12


class SealError(ValueError):
    """What is sealed cannot be opened: it was changed, or sealed with another key."""


def _derived(key: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, None, b"second factor").derive(key))


@frozen
class Seal:
    """Seals and opens with the installation's secret key."""

    _cipher: AESGCM = field(converter=_derived, repr=False)

    def seal(self, secret: str, owner: int) -> bytes:
        """The secret sealed for a user; it opens for no other."""
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), str(owner).encode())

    def open(self, sealed: bytes, owner: int) -> str:
        """The secret of a user; raises SealError."""
        try:
            plain = self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], str(owner).encode())
        except InvalidTag:
            raise SealError("a second factor was sealed with another key") from None
        return plain.decode()
