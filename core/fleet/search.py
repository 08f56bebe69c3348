"""Systems by a part of their serial number, or by several serial numbers."""

import re
from typing import Final

from attrs import evolve
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.tables import systems
from core.listing.conditions import named
from core.listing.filters import Words
from core.listing.parts import Parts
from core.listing.query import Occasion
from core.listing.tables import Term

SEPARATOR: Final = "|"
"""Stands between several serial numbers, each of them whole."""
_BETWEEN: Final = re.compile(r"[\s,;]+")
_PARTS: Final = Parts(systems.c.sn, "systems_sn_parts")


def sns_in(typed: str) -> list[str]:
    """Serial numbers that somebody typed, however they are parted."""
    return [sn.upper() for sn in _BETWEEN.split(typed) if sn]


async def part_of_sn(connection: AsyncConnection, given: Words, _: Occasion) -> Term:
    """Serial numbers that begin with a text or, from 3 characters on, hold it anywhere."""
    return await _PARTS.term(connection, given)


async def of_systems(connection: AsyncConnection, given: Words, occasion: Occasion) -> Term:
    """Rows joined to systems with this serial number, a part of it, or one of several."""
    if SEPARATOR in given.text:
        sns = [sn.strip() for sn in given.text.split(SEPARATOR) if sn.strip()]
        return Term(named(connection.dialect.name, systems.c.sn, sns))
    return evolve(await part_of_sn(connection, given, occasion), few=False)
