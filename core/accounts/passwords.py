"""Passwords: argon2id, and what makes one good enough."""

import asyncio
from collections.abc import Iterator
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.accounts.tokens import new_token
from core.thing_model.problems import Problem

SHORTEST: Final = 12
LONGEST: Final = 128
TELLING: Final = 4
"""Characters from which on a name may not be part of the password."""

_HASHER: Final = PasswordHasher()
_NOBODY: Final = _HASHER.hash(new_token())
"""Checked in place of an unknown user's hash, so that the answer takes as long."""


async def hash_password(password: str) -> str:
    """argon2id, in a thread: it takes tens of milliseconds."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def verify_password(hashed: str | None, password: str) -> bool:
    """Whether the password is right; takes as long where there is no hash to compare with."""

    def verify() -> bool:
        try:
            _HASHER.verify(hashed or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
        return bool(hashed)

    return await asyncio.to_thread(verify)


def folded(name: str) -> str:
    """The form in which names are kept and compared."""
    return name.strip().casefold()


def name_problems(name: str) -> Iterator[Problem]:
    """What speaks against a user's name."""
    if not 1 <= len(folded(name)) <= LONGEST or not folded(name).isprintable():
        yield Problem("name", "is empty, too long or not printable", f"1 to {LONGEST} characters")
    elif ":" in name:
        yield Problem("name", "has a colon in it", "leave it out")


def password_problems(name: str, password: str) -> Iterator[Problem]:
    """What speaks against a password of somebody of this name."""
    if not SHORTEST <= len(password) <= LONGEST:
        what = f"has {len(password)} characters"
        yield Problem("password", what, f"{SHORTEST} to {LONGEST}, such as four words")
    elif len(folded(name)) >= TELLING and folded(name) in password.casefold():
        yield Problem("password", "contains the name", "choose one that does not")
    elif len(set(password)) < TELLING:
        what = "repeats the same few signs"
        yield Problem("password", what, "choose one that is harder to guess")
