"""Where a fact comes from and how far it can be trusted."""

from typing import Literal

from attrs import frozen

Confidence = Literal["A", "A-", "B+", "B", "C", "name_only", "unverified", ""]

CONFIDENCE = {
    "A": "vendor document, confirmed by a second source",
    "A-": "vendor document, one reading",
    "B+": "two independent implementations agree",
    "B": "one implementation or one third-party table",
    "C": "second hand, or two sources disagree",
    "name_only": "the name is public, the meaning is not",
    "unverified": "recalled, not read anywhere",
    "": "not stated",
}


@frozen
class Source:
    """A document, capture or implementation that facts were read from.

    `id` is how rows name it; the first source of a plugin is that of rows which name none.
    `confidence` is that of rows which state none.
    """

    id: str
    title: str
    confidence: Confidence = ""
    reference: str = ""
    licence: str = ""
