"""Instructions and commands in words: their types, how far they are, what they say."""

from collections.abc import Mapping
from typing import Any, Final

from core.commanding.instructions import Progress
from core.commanding.states import FINAL, State
from portal.presentation.status import COMMAND, Mark
from portal.services import Services
from portal.texts import N_, _

OVERALL: Final[Mapping[str, Mark]] = {
    **COMMAND,
    "UNDER_WAY": Mark(N_("Under way"), "refresh", "info"),
    "MIXED": Mark(N_("Over, with different results"), "alert-triangle", "warning"),
}
"""The state of all commands of an instruction, and what is said where they differ."""
RISKS: Final = {
    "read": N_("Only reads"),
    "safe": N_("Safe"),
    "reversible": N_("Reversible"),
    "disruptive": N_("Interrupts the device"),
    "irreversible": N_("Cannot be undone"),
}


def overall(progress: Progress) -> str | None:
    """The state that all commands are in, or a word of `OVERALL`; None where there are none."""
    states = [state for state, number in progress.counts.items() if number]
    if len(states) < 2:
        return states[0].value if states else None
    over = FINAL | {State.TIMED_OUT}
    return "MIXED" if over.issuperset(states) else "UNDER_WAY"


def how_far(progress: Progress) -> str:
    """How many commands are over, of how many."""
    return _("%(over)s of %(total)s", over=progress.over, total=progress.total)


def said(parameters: Mapping[str, Any]) -> str:
    """The values of a command in a line."""
    return "; ".join(f"{key} = {value}" for key, value in parameters.items())


def titles(services: Services) -> dict[str, str]:
    """What commands are called, by their names."""
    plugins = services.registry.plugins.values()
    return {command.name: command.title for plugin in plugins for command in plugin.commands}
