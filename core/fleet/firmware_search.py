"""Which systems run the same version: counted up to a bound, and found by the list of systems."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet.firmware import VersionRecord
from core.fleet.firmware_tables import firmware_versions
from core.fleet.scope import visible
from core.fleet.tables import systems
from core.listing.conditions import named
from core.listing.filters import Text, Words
from core.listing.parts import FEW
from core.listing.query import Occasion
from core.listing.tables import Term

COUNTED: Final = 1_000
"""Up to how many are counted."""
RUNS: Final = Text("runs", match="exact", longest=360)
"""A filter `plugin:key:version`, such as "inverters.goodwe_et:firmware:04029-08-S11"."""


def address_of(record: VersionRecord) -> str:
    """What the filter takes."""
    return f"{record.plugin}:{record.key}:{record.version}"


async def alike(
    connection: AsyncConnection, access: Access, product_id: str, records: Sequence[VersionRecord]
) -> list[int]:
    """How many systems that somebody sees run each of these, one more than COUNTED at most.

    A system's own version counts among those of its product model.
    """
    if not records:
        return []
    counts = [_count(access, product_id, each).scalar_subquery() for each in records]
    return list((await connection.execute(select(*counts))).one())


def _count(access: Access, product_id: str, record: VersionRecord) -> Any:
    if not record.plugin:
        query = select(systems.c.id).where(
            systems.c.firmware == record.version,
            systems.c.product_id == product_id,
            visible(access),
        )
    else:
        query = select(firmware_versions.c.system_id).where(
            *_running(record.plugin, record.key, record.version)
        )
        if access.user_type != "A":
            query = query.join(systems, systems.c.id == firmware_versions.c.system_id)
            query = query.where(visible(access))
        query = query.distinct()
    return select(func.count()).select_from(query.limit(COUNTED + 1).subquery())


async def running(connection: AsyncConnection, given: Words, _: Occasion) -> Term:
    """The systems that run a version, for the list."""
    query = select(firmware_versions.c.system_id).where(*_running(*_parts(given.text)))
    found = list((await connection.execute(query.distinct().limit(FEW + 1))).scalars())
    if len(found) <= FEW:
        return Term(named(connection.dialect.name, systems.c.id, found), few=True)
    own = query.where(firmware_versions.c.system_id == systems.c.id).correlate(systems)
    return Term(exists(own))


def _parts(given: str) -> tuple[str, str, str]:
    plugin, _, rest = given.partition(":")
    key, _, version = rest.partition(":")
    return plugin, key, version


def _running(plugin: str, key: str, version: str) -> tuple[ColumnElement[bool], ...]:
    columns = firmware_versions.c
    return (
        columns.plugin == plugin,
        columns.key == key,
        columns.version == version,
        columns.until.is_(None),
    )
