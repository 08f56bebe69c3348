"""National Metering Identifiers of Australia: how they are written, and their checksum.

AEMO's National Metering Identifier procedure: ten digits and capital letters without I and O, with
a checksum digit that may stand behind them.
"""

import re
from typing import Final

from core.records import RequestError
from core.thing_model.problems import Problem

COUNTRY: Final = "AU"
LENGTH: Final = 10
_SHAPE: Final = re.compile(r"[0-9A-HJ-NP-Z]{10}")


def checksum(nmi: str) -> int:
    """The digit that may stand behind an NMI.

    From the right every other character's ASCII value is doubled; the digits of all values, added
    up, lack the digit to the next ten.
    """
    values = (ord(letter) * (2 - n % 2) for n, letter in enumerate(reversed(nmi)))
    return -sum(int(digit) for value in values for digit in str(value)) % 10


def read(text: str) -> str:
    """The ten characters of an NMI, written with its checksum or without.

    Spaces and small letters do not matter. Raises RequestError where it is none.
    """
    said = "".join(text.split()).upper()
    nmi, digit = said[:LENGTH], said[LENGTH:]
    if not _SHAPE.fullmatch(nmi) or len(digit) > 1:
        what = f"{text.strip()[:32]!r} is no NMI"
        hint = "10 digits and letters without I and O, and the checksum digit if you have it"
        raise RequestError(Problem("nmi", what, hint))
    if digit and digit != str(checksum(nmi)):
        what = f"the checksum digit {digit!r} does not fit {nmi}"
        raise RequestError(Problem("nmi", what, "compare it with the bill: a character is wrong"))
    return nmi
