"""What an installation decides about signing in."""

from typing import Final

from attrs import frozen

from core.access import UserType

MINUTE: Final = 60_000


@frozen
class Policy:
    """Times are milliseconds.

    open_to: the types of users who are let in at all.
    second_factor: whether A users must have a second factor.
    idle, life: after how long a session ends that is not used, or that is.
    fresh: for how long a password or code, once right, is enough for a sensitive action.
    """

    open_to: frozenset[UserType] = frozenset({"A"})
    second_factor: bool = False
    idle: int = 120 * MINUTE
    life: int = 24 * 60 * MINUTE
    fresh: int = 5 * MINUTE


USUAL: Final = Policy()
