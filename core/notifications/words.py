"""Words of messages beside a rule's own texts; English, as the keys of their translations."""

from collections.abc import Callable, Mapping
from typing import Final

Say = Callable[[str, str], str]
"""A language, "en" or "zh", and an English text; the text in that language."""

LEVELS: Final[Mapping[str, str]] = {
    "critical": "Critical",
    "protection": "Protection",
    "warning": "Warning",
    "info": "Notice",
}
FAULT: Final = "Fault"
RESOLVED: Final = "Resolved"
MORE: Final = "and %(count)s more"
SAMPLE: Final = "Sample"
SAMPLE_FAULT: Final = "Sample fault: nothing is wrong"
WORDS: Final = (*LEVELS.values(), FAULT, RESOLVED, MORE, SAMPLE, SAMPLE_FAULT)


def english(_: str, text: str) -> str:
    """The text as it is."""
    return text
