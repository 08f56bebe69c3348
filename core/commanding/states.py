"""The states of a command, and which may follow which."""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a command is on its way. SUCCEEDED means applied: the readings show it.

    PENDING_APPROVAL: a second person has yet to agree. TIMED_OUT: nothing was heard in time, what
    came of it is not known; the device may still answer. EXPIRED: too late to be sent at all.
    """

    PENDING_APPROVAL = "PENDING_APPROVAL"
    QUEUED = "QUEUED"
    SENT = "SENT"
    ACKED = "ACKED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    TIMED_OUT = "TIMED_OUT"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


_RESULTS: Final = frozenset({State.SUCCEEDED, State.FAILED, State.REJECTED})

TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.PENDING_APPROVAL: frozenset({State.QUEUED, State.EXPIRED, State.CANCELLED}),
    State.QUEUED: frozenset({State.SENT, State.REJECTED, State.EXPIRED, State.CANCELLED}),
    State.SENT: _RESULTS | {State.ACKED, State.RUNNING, State.TIMED_OUT},
    State.ACKED: _RESULTS | {State.RUNNING, State.TIMED_OUT},
    State.RUNNING: frozenset({State.RUNNING, State.SUCCEEDED, State.FAILED, State.TIMED_OUT}),
    State.TIMED_OUT: _RESULTS | {State.ACKED, State.RUNNING},
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.REJECTED: frozenset(),
    State.EXPIRED: frozenset(),
    State.CANCELLED: frozenset(),
}
"""RUNNING may follow itself with news. QUEUED is REJECTED by us where the device is away and the
command is not to wait. A device that timed out may still answer; the final states stay as they
are."""

FINAL: Final = frozenset(state for state, following in TRANSITIONS.items() if not following)
UNDER_WAY: Final = frozenset({State.SENT, State.ACKED, State.RUNNING})
"""While one of these, the command holds its system's lease: nothing else is sent to it."""
UNSENT: Final = frozenset({State.PENDING_APPROVAL, State.QUEUED})
"""While one of these, the command can be withdrawn."""


class TransitionError(ValueError):
    """A command cannot go from the state that it is in to this one."""

    def __init__(self, command_id: str, current: State, wanted: State) -> None:
        self.current, self.wanted = current, wanted
        allowed = ", ".join(sorted(TRANSITIONS[current])) or "nothing"
        message = f"command {command_id} is {current}, which {allowed} may follow, not {wanted}"
        super().__init__(message)
