"""Grants, with and without stars."""

import pytest

from core.access import PLATFORM, Access, AccessError


def somebody(*grants: str) -> Access:
    return Access(1, "ann", "A", None, frozenset(grants))


@pytest.mark.parametrize(
    ("grant", "allowed"),
    [
        ("systems:read", True),
        ("systems:*", True),
        ("*:read", True),
        ("*:*", True),
        ("systems:command", False),
        ("users:*", False),
        ("*:command", False),
        ("system:read", False),
    ],
)
def test_a_grant_is_a_permission_or_has_stars(grant: str, allowed: bool) -> None:
    assert somebody(grant).may("systems:read") is allowed


def test_what_is_not_granted_is_refused_by_name() -> None:
    with pytest.raises(AccessError, match="users:lock") as refused:
        somebody("*:read").require("users:lock")
    assert refused.value.permission == "users:lock"


def test_the_platform_may_do_everything() -> None:
    PLATFORM.require("anything:at-all")
