"""Systems by a part of their serial number, among a million."""

from typing import Final

from sqlalchemy import ColumnElement, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.tables import systems
from core.listing.filters import SHORTEST_PART, Words
from core.listing.query import Occasion
from core.listing.tables import begins

FEW: Final = 5_000


async def part_of_sn(connection: AsyncConnection, given: Words, _: Occasion) -> ColumnElement[bool]:
    """Serial numbers that begin with a text or, from 3 characters on, hold it anywhere."""
    if given.exact:
        return systems.c.sn == given.text
    beginning = begins(systems.c.sn, given.text)
    if len(given.text) < SHORTEST_PART:
        return beginning
    return or_(beginning, systems.c.sn.contains(given.text, autoescape=True))
