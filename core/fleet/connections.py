"""Where systems meet the grid: country, network operator, installed PV."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.tables import installations, sites, systems
from core.thing_model.grid_rules import GridConnection


async def connections_of(
    connection: AsyncConnection, system_ids: Sequence[int]
) -> dict[int, GridConnection]:
    """By the id of the system; where it stands counts before what its device says.

    Installed PV is what is known of it, at the storage inverter and at a PV inverter: never more
    than there is.
    """
    query = (
        select(
            systems.c.id,
            systems.c.country,
            sites.c.country.label("site_country"),
            sites.c.network_operator,
            installations.c.pv_at_storage,
            installations.c.pv_at_inverter,
        )
        .select_from(systems)
        .outerjoin(installations, installations.c.system_id == systems.c.id)
        .outerjoin(sites, sites.c.id == installations.c.site_id)
    )
    found: dict[int, GridConnection] = {}
    for row in await connection.execute(query.where(systems.c.id.in_(system_ids))):
        known = [kwp for kwp in (row.pv_at_storage, row.pv_at_inverter) if kwp is not None]
        found[row.id] = GridConnection(
            row.site_country or row.country,
            row.network_operator or "",
            sum(known) * 1000 if known else None,
        )
    return found
