"""Who asks, and what they may: every service that works for somebody takes one.

A permission is `area:action`, such as `systems:read` or `users:lock`. A grant is a permission, or
one with a star in place of its area, its action or both. Which role grants what is said in
`core.accounts`; which permission an action needs is said where the action is declared.
"""

from typing import Final, Literal

from attrs import frozen

UserType = Literal["A", "B", "C"]
"""A: whoever operates the platform; B: an installer's or dealer's company; C: an end user."""


class AccessError(PermissionError):
    """Somebody asked for what they may not do; `permission` names it."""

    def __init__(self, permission: str) -> None:
        self.permission = permission
        super().__init__(f"this needs the permission {permission}")


@frozen
class Access:
    """One who asks.

    user_id: None for the platform itself (ingest, worker, command line).
    company_id: of a B user, the company whose systems, users and records are all there is.
    A C user sees only the systems that are their own.
    """

    user_id: int | None
    name: str
    user_type: UserType
    company_id: int | None
    grants: frozenset[str]

    def may(self, permission: str) -> bool:
        area, _, action = permission.partition(":")
        wanted = (permission, f"{area}:*", f"*:{action}", "*:*")
        return any(grant in self.grants for grant in wanted)

    def require(self, permission: str) -> None:
        """Raises AccessError where that is not granted."""
        if not self.may(permission):
            raise AccessError(permission)


PLATFORM: Final = Access(None, "platform", "A", None, frozenset({"*:*"}))
"""The platform itself, which may do everything."""
