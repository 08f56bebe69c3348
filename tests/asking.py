"""Lists asked as the portal asks them, within a transaction that is open."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM, Access
from core.host import Host
from core.listing import rows
from core.listing.filters import Clock
from core.listing.query import Occasion, Query, read_query
from core.listing.tables import Listing, Row

NOW: Final = 1_700_000_000_000
_REGISTRY: Final = Host().registry()


async def listed(
    connection: AsyncConnection, listing: Listing, access: Access = PLATFORM, **said: str
) -> list[Row]:
    """The first page, of what an address with these parameters asks for."""
    asked = _asked(connection, listing, access, said)
    return (await rows.page(*asked)).rows


async def counted(
    connection: AsyncConnection, listing: Listing, access: Access = PLATFORM, **said: str
) -> int:
    """How many rows fit."""
    return (await rows.count(*_asked(connection, listing, access, said))).number


def _asked(
    connection: AsyncConnection, listing: Listing, access: Access, said: dict[str, str]
) -> tuple[Callable[[], nullcontext[AsyncConnection]], Listing, Query, Occasion]:
    query, problems = read_query(listing, {k: [v] for k, v in said.items()}, Clock(NOW))
    assert problems == []
    return lambda: nullcontext(connection), listing, query, Occasion(access, NOW, _REGISTRY)
