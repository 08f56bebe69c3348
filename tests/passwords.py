"""Passwords at little cost, for tests of everything but their cost."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from core.accounts import passwords
from core.accounts.passwords import Hashing

CHEAP = Hashing.of(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """A hash in less than a millisecond: hundreds of users are made and signed in by tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHING", CHEAP)
        yield
