"""What one person may command alone, how much at once, and for how long it waits."""

from collections.abc import Mapping
from typing import Final

from core.thing_model.command import Risk

LIFE: Final = 900_000
"""Milliseconds until a command that could not be sent, or has not reached its device, expires."""
LONGEST_LIFE: Final = 7 * 86_400_000
FURTHEST: Final = 366 * 86_400_000
"""Milliseconds that an instruction may be scheduled ahead."""
APPROVAL_LIFE: Final = 86_400_000
"""Milliseconds within which a second person has to approve."""
MOST: Final = 10_000
"""Systems of one instruction."""
ALONE: Final[Mapping[Risk, int]] = {
    "read": MOST,
    "safe": MOST,
    "reversible": 100,
    "disruptive": 10,
    "irreversible": 0,
}
"""To how many systems one person may give a command of a risk without a second one."""
RISKS: Final[tuple[Risk, ...]] = tuple(ALONE)
"""From harmless to dangerous."""


def needs_approval(risk: Risk, systems: int) -> bool:
    """Whether a second person has to approve a command of this risk to so many systems."""
    return systems > ALONE[risk]
