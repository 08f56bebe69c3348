"""The states of a command, and which may follow which."""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a command is on its way. SUCCEEDED means applied: the readings show it."""

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
    State.QUEUED: frozenset({State.SENT, State.EXPIRED, State.CANCELLED}),
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
"""RUNNING may follow itself with news. A device that timed out may still answer; the final states
stay as they are."""

FINAL: Final = frozenset(state for state, following in TRANSITIONS.items() if not following)
UNDER_WAY: Final = frozenset({State.SENT, State.ACKED, State.RUNNING})
"""While one of these, no other command is sent to the same component."""


class TransitionError(ValueError):
    """A command cannot go from the state that it is in to this one."""

    def __init__(self, command_id: str, current: State, wanted: State) -> None:
        self.current, self.wanted = current, wanted
        allowed = ", ".join(sorted(TRANSITIONS[current])) or "nothing"
        message = f"command {command_id} is {current}, which {allowed} may follow, not {wanted}"
        super().__init__(message)
