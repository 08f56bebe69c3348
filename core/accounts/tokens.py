"""Secrets that are handed out once and kept as a hash."""

import secrets
from hashlib import sha256


def new_token() -> str:
    """256 bits of chance, fit for a URL or a cookie."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is kept of a token: its SHA-256, for nobody guesses 256 bits."""
    return sha256(token.encode(errors="replace")).digest()
